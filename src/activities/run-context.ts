import type { RunConfig } from '../core/config/schema';
import type { PreparedRun } from '../core/run-record';

/** What every step of a run is told. */
export interface RunContext {
  readonly run: string;
  readonly experiment: string | null;
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
}
