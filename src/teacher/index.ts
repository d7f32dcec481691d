export { createJudge, type Judge } from './judge';
export { readReply } from './reply';
export { type RowPlan, type RowRules, rowRules } from './row-plan';
export { createTeacher, type TeacherOptions } from './teacher';
export type { BoughtRow, BuyProgress, BuyRequest, RowOrder, Teacher } from './types';
