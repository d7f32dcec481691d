import type { EvaluatedAnswer } from '../../core/records';
import type { RunRecord } from '../../core/run-record';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';

/**
 * Whether each question of the test set that is drawn like the pool was answered right, 1 or 0 in the order of the set:
 * one list an evaluation, the base's first; `null` where the answers are not in the workspace.
 */
export async function loadVerdicts(store: ArtifactStore, record: RunRecord): Promise<(Uint8Array | null)[]> {
  const evaluations = [record.baseEvaluation, ...record.iterations.map(({ evaluation }) => evaluation)];
  const verdicts: (Uint8Array | null)[] = [];
  for (const { answers } of evaluations) {
    const known = (await store.has(answers)) ? await store.readRecords<EvaluatedAnswer>(answers) : null;
    verdicts.push(
      known && Uint8Array.from(known.filter(({ set }) => set === 'test').map(({ correct }) => Number(correct))),
    );
  }
  return verdicts;
}
