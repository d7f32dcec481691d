export { resolveStrategy, strategyProblems } from './presets';
export { measurementsOf } from './scorers';
export { selectSeeds } from './select';
