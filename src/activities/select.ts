import type { ArtifactRef } from '../core/artifact-ref';
import type { AnswerLoss, Prediction, Seed } from '../core/records';
import { selectSeeds } from '../core/strategies';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import { pastIterations, timesAsked } from './past';
import type { RunContext } from './run-context';

export interface SelectInput extends RunContext {
  readonly iteration: number;
  readonly predictions: ArtifactRef | null;
  readonly scores: ArtifactRef | null;
  readonly past: ArtifactRef | null;
  /** Picks to make: those wanted first, then their replacements, in rank order. */
  readonly count: number;
}

/** Scores the pool by the run's strategy and keeps the seeds it needs most. */
export function createSelect({ store }: Dependencies) {
  return async function select(input: SelectInput): Promise<ArtifactRef> {
    const { config, prepared, iteration, count } = input;
    const seeds = await store.readRecords<Seed>(prepared.pool);
    const predictions = input.predictions === null ? null : await store.readRecords<Prediction>(input.predictions);
    const losses = input.scores === null ? null : await store.readRecords<AnswerLoss>(input.scores);
    const asked = await timesAsked(store, await pastIterations(store, input.past), seeds);
    const picks = selectSeeds({
      strategy: config.strategy,
      task: taskOf(config.task),
      seeds,
      measurements: { predictions, losses },
      count,
      runSeed: config.seed,
      iteration,
      asked,
    });
    return store.putRecords('selection', picks);
  };
}
