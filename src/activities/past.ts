import type { ArtifactRef } from '../core/artifact-ref';
import type { Pick } from '../core/records';
import type { IterationRecord } from '../core/run-record';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

/** The records of all finished iterations, oldest first. */
export async function pastIterations(store: ArtifactStore, past: ArtifactRef | null): Promise<IterationRecord[]> {
  return past === null ? [] : store.readRecords<IterationRecord>(past);
}

/** How often each seed of the pool was put to the teacher in the finished iterations. */
export async function timesAsked(
  store: ArtifactStore,
  iterations: readonly IterationRecord[],
): Promise<ReadonlyMap<string, number>> {
  const asked = new Map<string, number>();
  for (const { selection, asked: prefix } of iterations) {
    const picks = await store.readRecords<Pick>(selection);
    for (const { seedId } of picks.slice(0, prefix)) {
      asked.set(seedId, (asked.get(seedId) ?? 0) + 1);
    }
  }
  return asked;
}
