import type { RunContext } from '../activities/run-context';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../core/artifact-ref';
import { measurementsOf } from '../core/strategies';
import { cutPool, PART_ROWS, type Shard } from '../core/table';
import { activityGroups } from './activity-options';
import type { TeacherWait } from './ask-teacher';
import type { PausePoints } from './pause-points';

/** What is measured: the pool, by this student. */
export interface MeasureInput extends RunContext {
  readonly iteration: number;
  readonly student: ModelRef;
  readonly finishedIterations: ArtifactRef | null;
  /** Seeds that will be selected: some measurements are a selection already. */
  readonly count: number;
}

/**
 * Seeds of one `grade` activity: their calls keep an endpoint busy, and a pool of thousands takes a few dozen steps. A
 * large pool has larger chunks, so that the references of all their tables fit in one payload.
 */
const SEEDS_PER_GRADING = 200;
const GRADINGS_MAX = 500;

/** What a step is called in Temporal's UI. */
interface Title {
  readonly summary: string;
}

/** The steps that measure the whole pool. A large one is divided among the engines, which changes no result. */
export function measuring(
  input: MeasureInput,
  { pausePoints, teacherWait }: { readonly pausePoints: PausePoints; readonly teacherWait: TeacherWait },
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
   * What the strategy's scorer needs to know about each seed; `null` where it needs nothing, `overBudget` where a cap leaves
   * grades out: a selection among a part of the pool would be another strategy's.
   */
  async function score(predictions: ArtifactRef | null): Promise<ArtifactRef | null | 'overBudget'> {
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
        return selectDiverse(own);
      case 'grades':
        return grade(predictions as ArtifactRef);
    }
  }

  async function selectDiverse(own: MeasureInput & { readonly predictions: ArtifactRef | null }): Promise<ArtifactRef> {
    const cut = wholeParts(prepared.pool, shard_rows);
    const sketch = (title: Title, part: Shard) =>
      student.gradientSketch.executeWithOptions(title, [{ ...own, ...part }]);
    const gradientSketches = await sharded(sketch, cut);
    return pausePoints.interruptible(() =>
      student.selectDiverse.executeWithOptions(titled(), [{ ...input, gradientSketches }]),
    );
  }

  /** One chunk after another, each with many calls in flight, so that what a cap leaves out is the pool's end. */
  async function grade(predictions: ArtifactRef): Promise<ArtifactRef | 'overBudget'> {
    const parts: ArtifactRef[] = [];
    const size = Math.max(SEEDS_PER_GRADING, Math.ceil(poolSize / GRADINGS_MAX));
    for (let from = 0; from < poolSize; from += size) {
      const chunk = { from, to: Math.min(from + size, poolSize) };
      await pausePoints.safePoint();
      const title = titled(`seeds ${chunk.from + 1} to ${chunk.to} of ${poolSize}`);
      const result = await teacherWait.askTeacher(() =>
        teacher.grade.executeWithOptions(title, [{ ...input, predictions, ...chunk }]),
      );
      if (result === null || result.overBudget > 0) {
        return 'overBudget';
      }
      parts.push(result.grades);
    }
    return joined('grades', parts, 1);
  }

  async function sharded<T>(
    work: (title: Title, part: Shard) => Promise<T>,
    cut: readonly Shard[] = shards,
  ): Promise<T[]> {
    return pausePoints.interruptible(() =>
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

/** Sketches know their seeds by position: in the pool's only part, or as whole parts that follow each other. */
const wholeParts = (pool: ArtifactRef, shardRows: number) =>
  cutPool(pool, pool.parts === undefined ? shardRows : Math.max(shardRows, PART_ROWS));
