export {
  type GradeKind,
  type GradeRequest,
  gradeRequests,
  judgeOf,
  judgePromptVersion,
  type Marks,
  readGradeRequest,
  readMarks,
  writeMarks,
} from './judging';
export { resolveStrategy, strategyProblems } from './presets';
export { type Measured, measurementsOf } from './scorers';
export { Selection } from './select';
export { tieBreakStream } from './selectors';
