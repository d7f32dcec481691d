import type { ArtifactRef } from '../core/artifact-ref';
import type { Prediction, Seed } from '../core/records';
import { taskOf } from '../core/tasks';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { RunContext } from './run-context';

/**
 * Every seed's prompt with the answer that is looked at: the tokens of the student's own (`text`: its text, for a model
 * with a tokenizer of its own), or the reference where there are no predictions.
 */
export async function putPairs(
  store: ArtifactStore,
  { config, prepared, predictions }: RunContext & { readonly predictions: ArtifactRef | null },
  own: 'tokens' | 'text' = 'tokens',
): Promise<ArtifactRef> {
  const task = taskOf(config.task);
  const pool = await store.readRecords<Seed>(prepared.pool);
  const answers = predictions === null ? null : await predictionsById(store, predictions);
  const answerTo = (seed: Seed) => {
    if (answers === null) {
      // Without a reference there is nothing to look at: no tokens, and so no score.
      return seed.answer === null ? { tokenIds: [] } : { answer: seed.answer };
    }
    const { tokenIds, text } = answers.get(seed.id) ?? { tokenIds: [], text: '' };
    return own === 'tokens' ? { tokenIds } : { answer: text };
  };
  return store.putRecords(
    'pairs',
    pool.map((seed) => ({ id: seed.id, prompt: task.studentPrompt(seed.question), ...answerTo(seed) })),
  );
}

/** The student's answers by the seed they answer. */
export async function predictionsById(store: ArtifactStore, ref: ArtifactRef): Promise<Map<string, Prediction>> {
  const predictions = await store.readRecords<Prediction>(ref);
  return new Map(predictions.map((prediction) => [prediction.id, prediction]));
}
