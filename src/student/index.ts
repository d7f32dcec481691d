export { visibleGpus } from './devices';
export { jobIdentity, outputOf, type StudentJob, type StudentResult } from './student-job';
export { createStudents, type Students } from './students';
