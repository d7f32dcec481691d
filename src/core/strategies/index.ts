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
export { measurementsOf, type SeedMeasurements } from './scorers';
export { SEEDS_PER_ROW, Selection } from './select';
export { tieBreakStream } from './selectors';
