import type { RunContext } from '../activities/run-context';
import type { Sketches } from '../activities/score';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../core/artifact-ref';
import { measurementsOf } from '../core/strategies';
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

/** Seeds of one `grade` activity: their calls keep an endpoint busy, and a pool of thousands stays a few dozen steps. */
const SEEDS_PER_GRADING = 200;

/** The steps that look at the whole pool. A large one is divided among the engines; its results do not show it. */
export function measuring(
  input: MeasureInput,
  { rest, patience }: { readonly rest: Rest; readonly patience: ReturnType<typeof createPatience> },
) {
  const { light, teacher, student } = activityGroups();
  const { config, prepared } = input;
  const poolSize = prepared.pool.rows ?? 0;

  /** The student's own answers. */
  async function predict(): Promise<ArtifactRef> {
    return joined(
      'predictions',
      await sharded('predict', (title, shard) => student.predict.executeWithOptions(title, [{ ...input, ...shard }])),
    );
  }

  /**
   * What the strategy's scorer needs to know of each seed; `null` where it needs nothing, `refused` where a cap leaves
   * grades out: a selection among a part of the pool would be another strategy's.
   */
  async function score(predictions: ArtifactRef | null): Promise<ArtifactRef | null | 'refused'> {
    const own = { ...input, predictions };
    switch (measurementsOf(config.strategy).measurement) {
      case null:
        return null;
      case 'loss':
        return joined(
          'scores',
          await sharded('score', (title, shard) => student.score.executeWithOptions(title, [{ ...own, ...shard }])),
        );
      case 'reward':
        return joined(
          'scores',
          await sharded('reward', (title, shard) => student.reward.executeWithOptions(title, [{ ...own, ...shard }])),
        );
      case 'gradients':
        return diversify(
          await sharded('sketch', (title, shard) => student.sketch.executeWithOptions(title, [{ ...own, ...shard }])),
        );
      case 'grades':
        return grade(predictions as ArtifactRef);
    }
  }

  async function diversify(sketches: Sketches[]): Promise<ArtifactRef> {
    return rest.interruptible(() =>
      student.diversify.executeWithOptions(titled('diversify'), [{ ...input, sketches }]),
    );
  }

  /** One micro-batch after the other, each with many calls in flight, so that what a cap leaves out is the pool's end. */
  async function grade(predictions: ArtifactRef): Promise<ArtifactRef | 'refused'> {
    const parts: ArtifactRef[] = [];
    for (let from = 0; from < poolSize; from += SEEDS_PER_GRADING) {
      const batch = { from, to: Math.min(from + SEEDS_PER_GRADING, poolSize) };
      await rest.safePoint();
      const title = titled('grade', `seeds ${batch.from + 1} to ${batch.to} of ${poolSize}`);
      const result = await patience.patiently(() =>
        teacher.grade.executeWithOptions(title, [{ ...input, predictions, ...batch }]),
      );
      if (result === null || result.refused > 0) {
        return 'refused';
      }
      parts.push(result.grades);
    }
    return joined('grades', parts);
  }

  async function sharded<T>(
    what: string,
    work: (title: { summary: string }, shard: { shard?: number; shards?: number }) => Promise<T>,
  ): Promise<T[]> {
    const { shard_rows } = config.student;
    const shards = Math.max(1, Math.ceil(poolSize / shard_rows));
    return rest.interruptible(() =>
      Promise.all(
        Array.from({ length: shards }, (_, shard) =>
          shards === 1 ? work(titled(what), {}) : work(titled(what, `shard ${shard + 1}/${shards}`), { shard, shards }),
        ),
      ),
    );
  }

  /** What the step is called in Temporal's UI. */
  function titled(what: string, part = ''): { summary: string } {
    return { summary: `${what} iteration ${input.iteration} ${part}`.trim() };
  }

  async function joined(kind: ArtifactKind, parts: readonly ArtifactRef[]): Promise<ArtifactRef> {
    return parts.length === 1 ? (parts[0] as ArtifactRef) : light.joinParts({ ...input, kind, parts });
  }

  return { predict, score };
}
