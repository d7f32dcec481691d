export {
  type GradeKind,
  type GradeRequest,
  gradeRequests,
  judgePromptVersion,
  type Marks,
  readGradeRequest,
  readMarks,
} from './judging';
export { resolveStrategy, strategyProblems } from './presets';
export { measuredAs, measurementsOf, type SeedMeasurements, scorerOf } from './scorers';
export { SEEDS_PER_ROW, Selection } from './select';
export { tieBreakStream } from './selectors';
