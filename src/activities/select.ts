import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { Seed } from '../core/records';
import type { SelectionBasis } from '../core/run-record';
import { type Measurements, measurementsOf, selectSeeds, tieBreakStream } from '../core/strategies';
import { taskOf } from '../core/tasks';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { Dependencies } from './dependencies';
import { pastIterations, timesAsked } from './past';
import { rankingPlace } from './ranking-place';
import type { RunContext } from './run-context';

export interface SelectInput extends RunContext {
  readonly iteration: number;
  /** The student that was looked at. */
  readonly student: ModelRef;
  readonly predictions: ArtifactRef | null;
  readonly scores: ArtifactRef | null;
  readonly past: ArtifactRef | null;
  /** Picks to make: those wanted first, then their replacements, in rank order. */
  readonly count: number;
}

export interface Selected {
  readonly selection: ArtifactRef;
  readonly selectedBy: SelectionBasis;
}

/** Scores the pool by the run's strategy and keeps the seeds it needs most. */
export function createSelect({ store }: Dependencies) {
  return async function select(input: SelectInput): Promise<Selected> {
    const { config, prepared, student, count } = input;
    const seeds = await store.readRecords<Seed>(prepared.pool);
    const past = await pastIterations(store, input.past);
    const { stream, skip } = rankingPlace(input, past);
    const place = { runSeed: config.seed, iteration: stream };
    const picks = selectSeeds({
      strategy: config.strategy,
      task: taskOf(config.task),
      seeds,
      measurements: await readMeasurements(store, input),
      count,
      skip,
      ...place,
      asked: await timesAsked(store, past, seeds),
    });
    return {
      selection: await store.putRecords('selection', picks),
      selectedBy: { student, stream: tieBreakStream(place), skip, count },
    };
  };
}

/** What was measured, under the names that the scorers know. */
export async function readMeasurements(
  store: ArtifactStore,
  { config, predictions, scores }: Pick<SelectInput, 'config' | 'predictions' | 'scores'>,
): Promise<Measurements> {
  const { measurement } = measurementsOf(config.strategy);
  const read = async <T>(ref: ArtifactRef | null) => (ref === null ? null : store.readRecords<T>(ref));
  const scoresOf = async <T>(kind: typeof measurement) => (kind === measurement ? read<T>(scores) : null);
  return {
    predictions: await read(predictions),
    losses: await scoresOf('loss'),
    rewards: await scoresOf('reward'),
    grades: await scoresOf('grades'),
    draws: await scoresOf('gradients'),
  };
}
