import type { AnswerLoss, Grade, Prediction, Reward } from '../../core/records';
import type { IterationRecord, RunRecord } from '../../core/run-record';
import { rankCorrelation } from '../../core/statistics/rank-correlation';
import { measuredAs, measurementsOf, scorerOf } from '../../core/strategies';
import { taskOf } from '../../core/tasks/registry';
import type { ArtifactStore } from '../../store/artifacts/artifact-store';
import { readTable } from '../../store/artifacts/tables';

/** Seeds whose score is compared with the length of the answer: enough for a rank correlation, and bounded in any pool. */
const SEEDS_COMPARED_MAX = 5000;

/** The student's own answers to the pool, from which an iteration selected. */
export interface PoolAnswers {
  readonly answers: number;
  /** Cut off at `student.max_new_tokens`; they are scored as far as they go. */
  readonly truncated: number;
  /** Spearman's rho of a seed's score and the tokens of its answer; `null` where the strategy has no number for a seed. */
  readonly lengthScore: number | null;
}

/** @returns `null` where the strategy needed no answers */
export async function loadPoolAnswers(
  store: ArtifactStore,
  { config, prepared }: Pick<RunRecord, 'config' | 'prepared'>,
  { predictions, scores }: Pick<IterationRecord, 'predictions' | 'scores'>,
): Promise<PoolAnswers | null> {
  if (predictions === null) {
    return null;
  }
  const every = Math.ceil((prepared.pool.rows ?? SEEDS_COMPARED_MAX) / SEEDS_COMPARED_MAX);
  const lengths = new Map<string, number>();
  let answers = 0;
  let truncated = 0;
  for await (const { id, tokenIds, finish } of readTable<Prediction>(store, predictions)) {
    if (answers % every === 0) {
      lengths.set(id, tokenIds.length);
    }
    answers += 1;
    truncated += Number(finish === 'length');
  }
  const { measurement } = measurementsOf(config.strategy);
  if (scores === null || measurement === null || measurement === 'gradients') {
    return { answers, truncated, lengthScore: null };
  }
  const scoreOf = scorerOf(config.strategy, taskOf(config.task));
  const pairs: [length: number, score: number][] = [];
  for await (const record of readTable<AnswerLoss & Reward & Grade>(store, scores)) {
    const length = lengths.get(record.id);
    const { score } = scoreOf(
      { id: record.id, question: '', answer: null, stratum: '' },
      { [measuredAs[measurement]]: record },
    );
    if (length !== undefined && score !== null) {
      pairs.push([length, score]);
    }
  }
  const found = rankCorrelation(
    pairs.map(([length]) => length),
    pairs.map(([, score]) => score),
  );
  return { answers, truncated, lengthScore: found?.rho ?? null };
}
