export { createJudge, type Judge } from './judge';
export { createTeacher, type TeacherOptions } from './teacher';
export type { BoughtRow, BuyProgress, BuyRequest, RowOrder, Teacher } from './types';
