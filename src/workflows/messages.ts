import { defineQuery, defineSignal } from '@temporalio/workflow';

/** What one iteration is doing. Small numbers only: a status is asked for often. */
export interface IterationStatus {
  readonly iteration: number;
  readonly step: string;
  /** Workflow time, milliseconds since the epoch. */
  readonly stepSinceMs: number;
  readonly rowsWanted: number;
  readonly rowsAccepted: number;
  /** A sentence that says what a person must do before the iteration goes on; `null` while it works. */
  readonly waitingFor: string | null;
}

export interface RunStatus {
  readonly run: string;
  readonly step: string;
  readonly iterationsDone: number;
  readonly iterations: number;
  readonly rowsAccepted: number;
  readonly rowsPlanned: number;
  /** Share of right answers on the test set, and the mean over strata, after the last evaluation. */
  readonly accuracy: number | null;
  readonly macroAccuracy: number | null;
}

export interface ExperimentStatus {
  readonly experiment: string;
  readonly running: readonly string[];
  readonly finished: readonly string[];
  readonly failed: readonly { readonly run: string; readonly reason: string }[];
  readonly total: number;
}

export const iterationStatusQuery = defineQuery<IterationStatus>('iterationStatus');
export const runStatusQuery = defineQuery<RunStatus>('runStatus');
export const experimentStatusQuery = defineQuery<ExperimentStatus>('experimentStatus');

/** The cause of a pause is mended (a key, a quota): go on. Sent to the run, which passes it on to its iteration. */
export const resumeSignal = defineSignal('resume');
