import type { ArtifactRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import type { IterationRecord, PreparedRun } from '../core/run-record';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

/** The input that every step of a run has. */
export interface RunContext {
  readonly run: string;
  readonly experiment: string | null;
  readonly config: RunConfig;
  readonly prepared: PreparedRun;
}

/** The records of all finished iterations, oldest first. */
export async function readFinishedIterations(
  store: ArtifactStore,
  finishedIterations: ArtifactRef | null,
): Promise<IterationRecord[]> {
  return finishedIterations === null ? [] : store.readRecords<IterationRecord>(finishedIterations);
}
