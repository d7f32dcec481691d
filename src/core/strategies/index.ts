export { resolveStrategy, strategyProblems } from './presets';
export { type Measurements, measurementsOf, type ScoredSeed, type StrategyNeeds, scoreSeeds } from './scorers';
export { type SelectInput, select } from './select';
