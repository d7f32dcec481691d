import type { ArtifactRef } from '../core/artifact-ref';
import type { Prediction, Seed } from '../core/records';
import type { Shard } from '../core/table';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { putTable, readTable } from '../store/artifacts/tables';
import { withRecords } from './pool';
import type { RunContext } from './run-context';
import { type PoolPart, partsOfShard } from './shards';

/**
 * Every seed's prompt with the answer that is looked at: the tokens of the student's own (`text`: its text, for a model
 * with a tokenizer of its own), or the reference where there are no predictions. One table for each part of the pool.
 */
export async function putPairs(
  store: ArtifactStore,
  input: RunContext & Shard & { readonly predictions: ArtifactRef | null },
  own: 'tokens' | 'text' = 'tokens',
): Promise<ArtifactRef[]> {
  const task = taskOf(input.config.task);
  const tables: ArtifactRef[] = [];
  for (const part of await partsOfShard(store, input.prepared.pool, input)) {
    tables.push(await putTable(store, 'pairs', pairsOf(part), { partRows: Number.POSITIVE_INFINITY }));
  }
  return tables;

  async function* pairsOf(part: PoolPart) {
    for await (const [seed, answer] of answeredSeeds(store, input.prepared.pool, input.predictions, part)) {
      yield {
        id: seed.id,
        prompt: task.studentPrompt(seed.question),
        ...(input.predictions === null ? reference(seed) : given(answer, own)),
      };
    }
  }
}

/** Without a reference there are no tokens, and so no score. */
const reference = ({ answer }: Seed) => (answer === null ? { tokenIds: [] } : { answer });

const given = (answer: Prediction | undefined, own: 'tokens' | 'text') =>
  own === 'tokens'
    ? {
        tokenIds: answer?.tokenIds ?? [],
        ...(answer?.others === undefined ? {} : { others: answer.others.map(tokensOf) }),
      }
    : { answer: answer?.text ?? '' };

const tokensOf = ({ tokenIds }: Pick<Prediction, 'tokenIds'>) => tokenIds;

/** The seeds at these positions of the pool, each with the student's answer. */
export function answeredSeeds(
  store: ArtifactStore,
  pool: ArtifactRef,
  predictions: ArtifactRef | null,
  range: { readonly from: number; readonly to: number },
) {
  return withRecords(
    readTable<Seed>(store, pool, range),
    predictions === null ? null : readTable<Prediction>(store, predictions, range),
  );
}
