export { visibleCards } from './devices';
export { jobIdentity, type StudentJob, type StudentProgress, type StudentResult } from './student-job';
export { createStudents, type RunJobOptions, type Students } from './students';
