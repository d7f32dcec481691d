export { visibleCards } from './devices';
export type { StudentJob, StudentProgress, StudentResult } from './student-job';
export { createStudents, type RunJobOptions, type Students } from './students';
