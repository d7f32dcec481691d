import type { RunContext } from '../activities/run-context';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../core/artifact-ref';
import { measurementsOf } from '../core/strategies';
import { cutPool, PART_ROWS, type Shard } from '../core/table';
import { activityGroups } from './activity-options';
import type { createPatience } from './patience';
import type { Rest } from './rest';

/** What is looked at: the pool, by this student. */
export interface MeasureInput extends RunContext {
  readonly iteration: number;
  readonly student: ModelRef;
  readonly past: ArtifactRef | null;
  /** Picks that will be made: some measurements are a selection already. */
  readonly count: number;
}

/**
 * Seeds of one `grade` activity: their calls keep an endpoint busy, and a pool of thousands stays a few dozen steps. Of
 * a large pool they are more, so that there are never more steps than the references of their tables fit in one payload.
 */
const SEEDS_PER_GRADING = 200;
const GRADINGS_MAX = 500;

/** What a step is called in Temporal's UI. */
interface Title {
  readonly summary: string;
}

/** The steps that look at the whole pool. A large one is divided among the engines; its results do not show it. */
export function measuring(
  input: MeasureInput,
  { rest, patience }: { readonly rest: Rest; readonly patience: ReturnType<typeof createPatience> },
) {
  const { light, teacher, student } = activityGroups();
  const { config, prepared } = input;
  const poolSize = prepared.pool.rows ?? 0;
  const { shard_rows } = config.student;
  const shards = cutPool(prepared.pool, shard_rows);

  /** The student's own answers. */
  async function predict(): Promise<ArtifactRef> {
    const answer = (title: Title, part: Shard) => student.predict.executeWithOptions(title, [{ ...input, ...part }]);
    return joined('predictions', await sharded(answer));
  }

  /**
   * What the strategy's scorer needs to know of each seed; `null` where it needs nothing, `refused` where a cap leaves
   * grades out: a selection among a part of the pool would be another strategy's.
   */
  async function score(predictions: ArtifactRef | null): Promise<ArtifactRef | null | 'refused'> {
    const own = { ...input, predictions };
    const { measurement } = measurementsOf(config.strategy);
    switch (measurement) {
      case null:
        return null;
      case 'loss':
      case 'reward': {
        const step = measurement === 'loss' ? 'score' : 'reward';
        const measure = (title: Title, part: Shard) => student[step].executeWithOptions(title, [{ ...own, ...part }]);
        return joined('scores', await sharded(measure));
      }
      case 'gradients':
        return diversify(own);
      case 'grades':
        return grade(predictions as ArtifactRef);
    }
  }

  async function diversify(own: MeasureInput & { readonly predictions: ArtifactRef | null }): Promise<ArtifactRef> {
    const cut = wholeParts(prepared.pool, shard_rows);
    const sketch = (title: Title, part: Shard) => student.sketch.executeWithOptions(title, [{ ...own, ...part }]);
    const sketches = await sharded(sketch, cut);
    return rest.interruptible(() => student.diversify.executeWithOptions(titled(), [{ ...input, sketches }]));
  }

  /** One micro-batch after the other, each with many calls in flight, so that what a cap leaves out is the pool's end. */
  async function grade(predictions: ArtifactRef): Promise<ArtifactRef | 'refused'> {
    const parts: ArtifactRef[] = [];
    const size = Math.max(SEEDS_PER_GRADING, Math.ceil(poolSize / GRADINGS_MAX));
    for (let from = 0; from < poolSize; from += size) {
      const batch = { from, to: Math.min(from + size, poolSize) };
      await rest.safePoint();
      const title = titled(`seeds ${batch.from + 1} to ${batch.to} of ${poolSize}`);
      const result = await patience.patiently(() =>
        teacher.grade.executeWithOptions(title, [{ ...input, predictions, ...batch }]),
      );
      if (result === null || result.refused > 0) {
        return 'refused';
      }
      parts.push(result.grades);
    }
    return joined('grades', parts, 1);
  }

  async function sharded<T>(
    work: (title: Title, part: Shard) => Promise<T>,
    cut: readonly Shard[] = shards,
  ): Promise<T[]> {
    return rest.interruptible(() =>
      Promise.all(
        cut.map((shard, index) => work(titled(cut.length === 1 ? '' : `shard ${index + 1}/${cut.length}`), shard)),
      ),
    );
  }

  async function joined(
    kind: ArtifactKind,
    parts: readonly ArtifactRef[],
    shares = shards[0]?.shards ?? 1,
  ): Promise<ArtifactRef> {
    return parts.length === 1 ? (parts[0] as ArtifactRef) : light.joinParts({ ...input, kind, parts, shares });
  }

  function titled(part = ''): Title {
    return { summary: `iteration ${input.iteration} ${part}`.trim() };
  }

  return { predict, score };
}

/** Sketches know their seeds by place: in the pool's only part, or as whole parts that follow each other. */
const wholeParts = (pool: ArtifactRef, shardRows: number) =>
  cutPool(pool, pool.parts === undefined ? shardRows : Math.max(shardRows, PART_ROWS));
