export { visibleCards } from './devices';
export { jobIdentity, type StudentJob, type StudentResult } from './student-job';
export { createStudents, type Students } from './students';
