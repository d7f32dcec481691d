export type { BatchJob, BatchWave } from './batch/wave';
export { createJudge, type Judge } from './judge';
export { readReply } from './reply';
export { type RowPlan, type RowRules, rowRules } from './row-plan';
export { createTeacher } from './teacher';
export type { AnswerSample, BoughtRow, RowOrder, Teacher } from './types';
