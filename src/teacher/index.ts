export { createJudge, type Judge } from './judge';
export { readReply } from './reply';
export { type RowPlan, type RowRules, rowRules } from './row-plan';
export { createTeacher } from './teacher';
export type { BatchJob, BatchResult, BatchRound, BoughtRow, FurtherAnswer, RowOrder, Teacher } from './types';
export { bookedUsage, usageOf } from './usage';
