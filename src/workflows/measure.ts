import type { GradeResult } from '../activities/grade';
import type { RunContext } from '../activities/run-context';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../core/artifact-ref';
import { measurementsOf } from '../core/strategies';
import type { activityGroups } from './activity-options';

/** What is looked at: the pool, by this student. */
export interface MeasureInput extends RunContext {
  readonly iteration: number;
  readonly student: ModelRef;
  readonly past: ArtifactRef | null;
  /** Picks that will be made: some measurements are a selection already. */
  readonly count: number;
}

/** Seeds of one `grade` activity: their calls keep an endpoint busy, and a pool of thousands stays a few dozen steps. */
const SEEDS_PER_GRADING = 200;

type Groups = ReturnType<typeof activityGroups>;
/** Asks until the endpoint does not refuse everything any more. */
type Patience = (ask: () => Promise<GradeResult>) => Promise<GradeResult>;

/** The steps that look at the whole pool. A large one is divided among the engines; its results do not show it. */
export function measuring({ light, teacher, student }: Groups, input: MeasureInput) {
  const { config, prepared } = input;
  const poolSize = prepared.pool.rows ?? 0;

  /** The student's own answers. */
  async function predict(): Promise<ArtifactRef> {
    return joined('predictions', await sharded((shard) => student.predict({ ...input, ...shard })));
  }

  /**
   * What the strategy's scorer needs to know of each seed; `null` where it needs nothing, `refused` where a cap leaves
   * grades out: a selection among a part of the pool would be another strategy's.
   */
  async function score(predictions: ArtifactRef | null, patiently: Patience): Promise<ArtifactRef | null | 'refused'> {
    const own = { ...input, predictions };
    switch (measurementsOf(config.strategy).measurement) {
      case null:
        return null;
      case 'loss':
        return joined('scores', await sharded((shard) => student.score({ ...own, ...shard })));
      case 'reward':
        return joined('scores', await sharded((shard) => student.reward({ ...own, ...shard })));
      case 'gradients':
        return student.diversify({
          ...input,
          sketches: await sharded((shard) => student.sketch({ ...own, ...shard })),
        });
      case 'grades':
        return grade(predictions as ArtifactRef, patiently);
    }
  }

  /** One micro-batch after the other, each with many calls in flight, so that what a cap leaves out is the pool's end. */
  async function grade(predictions: ArtifactRef, patiently: Patience): Promise<ArtifactRef | 'refused'> {
    const parts: ArtifactRef[] = [];
    for (let from = 0; from < poolSize; from += SEEDS_PER_GRADING) {
      const batch = { from, to: Math.min(from + SEEDS_PER_GRADING, poolSize) };
      const { grades, refused } = await patiently(() => teacher.grade({ ...input, predictions, ...batch }));
      if (refused > 0) {
        return 'refused';
      }
      parts.push(grades);
    }
    return joined('grades', parts);
  }

  async function sharded<T>(work: (shard: { shard?: number; shards?: number }) => Promise<T>): Promise<T[]> {
    const { shard_rows } = config.student;
    if (poolSize > shard_rows) {
      const shards = Math.ceil(poolSize / shard_rows);
      return Promise.all(Array.from({ length: shards }, (_, shard) => work({ shard, shards })));
    }
    return [await work({})];
  }

  async function joined(kind: ArtifactKind, parts: readonly ArtifactRef[]): Promise<ArtifactRef> {
    return parts.length === 1 ? (parts[0] as ArtifactRef) : light.joinParts({ ...input, kind, parts });
  }

  return { predict, score };
}
