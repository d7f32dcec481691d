import type { EvaluatedAnswer } from '../../core/records';
import type { RunRecord } from '../../core/run-record';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';

/**
 * How well each question of the test set that is drawn like the pool was answered, in the order of the set: 1 or 0, or
 * a score where the check gives one; NaN where it was not measured. One list an evaluation, the base's first; `null` where
 * the answers are not in the workspace.
 */
export async function loadVerdicts(store: ArtifactStore, record: RunRecord): Promise<(Float64Array | null)[]> {
  const evaluations = [record.baseEvaluation, ...record.iterations.map(({ evaluation }) => evaluation)];
  const verdicts: (Float64Array | null)[] = [];
  for (const { answers } of evaluations) {
    const known = (await store.has(answers)) ? await store.readRecords<EvaluatedAnswer>(answers) : null;
    verdicts.push(known && Float64Array.from(known.filter(({ set }) => set === 'test').map(measuredValue)));
  }
  return verdicts;
}

/** 1 or 0, or a score; NaN where it was not measured. */
export const measuredValue = ({ verdict, correct, score }: EvaluatedAnswer) =>
  verdict === 'unmeasured' ? Number.NaN : (score ?? Number(correct));
