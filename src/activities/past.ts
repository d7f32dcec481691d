import type { ArtifactRef } from '../core/artifact-ref';
import type { IterationRecord } from '../core/run-record';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

/** The records of all finished iterations, oldest first. */
export async function pastIterations(store: ArtifactStore, past: ArtifactRef | null): Promise<IterationRecord[]> {
  return past === null ? [] : store.readRecords<IterationRecord>(past);
}
