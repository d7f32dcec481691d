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
export { type Measurements, measurementsOf } from './scorers';
export { selectSeeds } from './select';
export { tieBreakStream } from './selectors';
