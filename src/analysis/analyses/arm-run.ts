import type { RunRows } from '../data/load-rows';
import type { ExperimentRun } from '../results-schema';

/** A run of an arm, with its rows. */
export interface ArmRun {
  readonly arm: string;
  readonly result: ExperimentRun;
  readonly rows: RunRows;
}
