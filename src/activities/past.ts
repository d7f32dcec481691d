import type { ArtifactRef } from '../core/artifact-ref';
import type { Pick, Seed } from '../core/records';
import type { IterationRecord } from '../core/run-record';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

/** The records of all finished iterations, oldest first. */
export async function pastIterations(store: ArtifactStore, past: ArtifactRef | null): Promise<IterationRecord[]> {
  return past === null ? [] : store.readRecords<IterationRecord>(past);
}

/** Question -> how often it was put to the teacher in the finished iterations. */
export async function timesAsked(
  store: ArtifactStore,
  iterations: readonly IterationRecord[],
  seeds: readonly Seed[],
): Promise<ReadonlyMap<string, number>> {
  const questions = new Map(seeds.map(({ id, question }) => [id, question]));
  const asked = new Map<string, number>();
  for (const { selection, asked: prefix } of iterations) {
    const picks = await store.readRecords<Pick>(selection);
    for (const { seedId } of picks.slice(0, prefix)) {
      const question = questions.get(seedId) as string;
      asked.set(question, (asked.get(question) ?? 0) + 1);
    }
  }
  return asked;
}
