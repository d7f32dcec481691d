import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { AnswerLoss, Draw, Grade, Prediction, Reward, Seed, SelectedSeed } from '../core/records';
import type { IterationRecord, SelectionBasis } from '../core/run-record';
import { measuredAs, measurementsOf, type SeedMeasurements, Selection, tieBreakStream } from '../core/strategies';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { putTable, readTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import { withRecords } from './pool';
import { rankingPosition } from './ranking-position';
import type { RunContext } from './run-context';
import { readFinishedIterations } from './run-context';

export interface SelectInput extends RunContext {
  readonly iteration: number;
  /** The student that was looked at. */
  readonly student: ModelRef;
  readonly predictions: ArtifactRef | null;
  readonly scores: ArtifactRef | null;
  readonly finishedIterations: ArtifactRef | null;
  /** Picks to make: those wanted first, then their replacements, in rank order. */
  readonly count: number;
}

/** What is put to the teacher. */
export interface Picks {
  readonly selection: ArtifactRef;
  /** The seed of each pick, in rank order: a step that buys for fifty of them looks into no pool of a million. */
  readonly pickedSeeds: ArtifactRef;
}

export interface Selected extends Picks {
  readonly selectedBy: SelectionBasis;
}

/**
 * Scores the pool by the run's strategy and keeps the seeds it needs most. The pool is streamed once or twice; what is kept
 * of it are the picks, and for a selector that weighs or halves the pool two numbers a seed.
 */
export function createSelect({ store }: Dependencies) {
  return async function select(input: SelectInput): Promise<Selected> {
    const { config, student, count } = input;
    const finishedIterations = await readFinishedIterations(store, input.finishedIterations);
    const { stream, skip } = rankingPosition(input, finishedIterations);
    const position = { runSeed: config.seed, iteration: stream };
    const { strategy } = config;
    const selection = new Selection({ strategy, task: taskOf(config.task), count, skip, ...position });
    const asked = new TimesAsked(await timesPicked(store, finishedIterations));
    for (let pass = 0; pass < selection.passes; pass += 1) {
      for await (const [seed, measured] of measuredSeeds(store, input)) {
        selection.see(seed, measured, pass);
        if (pass === 0) {
          asked.see(seed);
        }
      }
    }
    const picks = selection.picks(asked.byQuestion);
    return {
      selection: await putTable(
        store,
        'selection',
        picks.map(({ pick }) => pick),
      ),
      pickedSeeds: await putTable(
        store,
        'picked-seeds',
        picks.map(({ seed }) => seed),
      ),
      selectedBy: { student, stream: tieBreakStream(position), skip, count },
    };
  };
}

/** Every seed of the pool with what the scorers look at. */
async function* measuredSeeds(
  store: ArtifactStore,
  { config, prepared, predictions, scores }: SelectInput,
): AsyncGenerator<[Seed, SeedMeasurements]> {
  const { measurement } = measurementsOf(config.strategy);
  const seeds = readTable<Seed>(store, prepared.pool);
  if (measurement === 'gradients') {
    yield* drawnSeeds(seeds, scores === null ? [] : await store.readRecords<Draw>(scores));
  } else if (measurement === null) {
    const answers = predictions === null ? null : readTable<Prediction>(store, predictions);
    for await (const [seed, prediction] of withRecords(seeds, answers)) {
      yield [seed, { prediction }];
    }
  } else {
    const table = scores === null ? null : readTable<AnswerLoss & Reward & Grade>(store, scores);
    for await (const [seed, record] of withRecords(seeds, table)) {
      yield [seed, { [measuredAs[measurement]]: record }];
    }
  }
}

async function* drawnSeeds(
  seeds: AsyncIterable<Seed>,
  draws: readonly Draw[],
): AsyncGenerator<[Seed, SeedMeasurements]> {
  const byIndex = new Map(draws.map((draw) => [draw.index, draw]));
  let index = 0;
  for await (const seed of seeds) {
    yield [seed, { draw: byIndex.get(index) }];
    index += 1;
  }
}

/** Seed -> how often it was put to the teacher in the finished iterations. */
async function timesPicked(
  store: ArtifactStore,
  iterations: readonly IterationRecord[],
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const { selection, asked } of iterations) {
    for await (const { seedId } of readTable<SelectedSeed>(store, selection, { to: asked })) {
      times.set(seedId, (times.get(seedId) ?? 0) + 1);
    }
  }
  return times;
}

/** Seeds with the same question count as one. */
class TimesAsked {
  readonly byQuestion = new Map<string, number>();

  constructor(private readonly bySeed: ReadonlyMap<string, number>) {}

  see({ id, question }: Seed): void {
    const times = this.bySeed.get(id);
    if (times !== undefined) {
      this.byQuestion.set(question, (this.byQuestion.get(question) ?? 0) + times);
    }
  }
}
