import type { RunPlan } from './config/run-plan';
import type { RunConfig } from './config/schema';
import { type Steering, unsteered } from './steering';

type Planned = Pick<RunConfig, 'iterations' | 'samples_per_iteration' | 'budget'>;
type Changed = Pick<Steering, 'iterations' | 'samplesCap'>;

/** Iterations of a run, as they are set now. */
export const plannedIterations = (config: Planned, steering: Changed = unsteered): number =>
  steering.iterations ?? config.iterations;

/** The cap on a run's accepted rows, as it is set now; infinite where there is none. */
export function samplesCap({ budget }: Planned, steering: Changed = unsteered): number {
  const cap = steering.samplesCap === undefined ? budget.samples : steering.samplesCap;
  return cap ?? Number.POSITIVE_INFINITY;
}

/** Accepted rows that a run's iterations and its cap allow, as they are set now. */
export const plannedRows = (config: Planned, steering: Changed = unsteered): number =>
  Math.min(plannedIterations(config, steering) * config.samples_per_iteration, samplesCap(config, steering));

/** Rows of several runs. */
export interface PlannedRows {
  /** Of all runs together. */
  readonly total: number;
  /** Of the run with the fewest and of the one with the most. */
  readonly perRun: { readonly fewest: number; readonly most: number };
}

/**
 * Accepted rows that the runs of one file may buy, `experiment_budget` included.
 *
 * @param plans at least one
 */
export function plannedRowsOfAll(
  plans: readonly Pick<RunPlan, 'config' | 'experiment' | 'experimentBudget'>[],
): PlannedRows {
  const caps = plans.map((plan) => (plan.experiment === null ? undefined : plan.experimentBudget?.samples));
  const cap = Math.min(...caps.map((samples) => samples ?? Number.POSITIVE_INFINITY));
  const rows = plans.map(({ config }) => Math.min(plannedRows(config), cap));
  const sum = rows.reduce((total, each) => total + each, 0);
  return { total: Math.min(sum, cap), perRun: { fewest: Math.min(...rows), most: Math.max(...rows) } };
}
