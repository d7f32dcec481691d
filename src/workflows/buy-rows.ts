import type { RowsResult } from '../activities/collect-rows';
import type { Picks } from '../activities/select';
import type { ArtifactRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { uselessRows } from '../core/hygiene/useless-rows';
import type { Steering } from '../core/steering';
import { mapWithWindow } from '../core/window';
import { activityGroups } from './activity-options';
import type { TeacherWait } from './ask-teacher';
import { batchBuyer, ROWS_PER_JOB } from './buy-batch';
import type { IterationInput } from './iteration-input';
import type { PausePoints } from './pause-points';

/**
 * Rows of one `generate` activity: enough to keep a history small (20 activities per 1,000 rows), few enough to show
 * progress. A very large iteration has larger chunks, so that the references of all tables fit in one step's payload.
 */
const ROWS_PER_CHUNK = 50;
const CHUNKS_MAX = 400;

export interface Bought extends RowsResult {
  readonly asked: number;
  /** Somebody stopped the run while it waited for a teacher or a cap: no more rows will come. */
  readonly gaveUp: boolean;
}

/** Seeds of rank `from` up to, not including, `to`: all rows bought together, or one step's share of them. */
interface RankRange {
  readonly from: number;
  readonly to: number;
}

/** How an iteration buys its rows: in rounds of chunks, in rank order, pausing where the run does. */
export function rowBuyer(options: {
  readonly input: IterationInput;
  readonly pausePoints: PausePoints;
  readonly teacherWait: TeacherWait;
  readonly steering: () => Steering;
  readonly onAccepted: (rows: number) => void;
}) {
  const { light, teacher, student } = activityGroups();
  const { input, pausePoints, steering } = options;
  const { askTeacher, confirmUseless, acceptedRejections, gaveUp } = options.teacherWait;

  const buyByJobs = batchBuyer(options);
  const roundRowsMax = input.config.teacher.mode === 'batch' ? ROWS_PER_JOB : Number.POSITIVE_INFINITY;

  /** Asks for rows until as many are accepted as were wanted, replacing rejected ones by the next of `count` seeds. */
  async function buyRows(picks: Picks, count: number): Promise<Bought> {
    const rowsPerChunk = Math.max(ROWS_PER_CHUNK, Math.ceil(count / CHUNKS_MAX));
    const chunks: ArtifactRef[] = [];
    const checked: ArtifactRef[] = [];
    let asked = 0;
    let accepted = 0;
    for (;;) {
      const wanted = Math.min(input.rowsWanted - accepted, count - asked, roundRowsMax);
      const bought = await buyRound(picks, { from: asked, to: asked + wanted }, rowsPerChunk);
      chunks.push(...bought);
      asked += wanted;
      if (bought.length > 0) {
        const check = { ...input, chunks: bought };
        const summary = `iteration ${input.iteration}`;
        checked.push(await pausePoints.interruptible(() => student.checkRows.executeWithOptions({ summary }, [check])));
      }
      const result = await light.collectRows({
        ...input,
        ...picks,
        chunks,
        ...(checked.length > 0 ? { checked } : {}),
      });
      accepted = result.accepted;
      options.onAccepted(accepted);
      const isDone = () => accepted >= input.rowsWanted || asked >= count || result.overBudget > 0 || gaveUp();
      if (!isDone()) {
        await confirmUseless(uselessRows(result.reasons, asked, input.rowsWanted, acceptedRejections()));
      }
      if (isDone()) {
        return { ...result, asked, gaveUp: gaveUp() };
      }
    }
  }

  /**
   * Buys one round, in chunks. Several are in flight at once, unless a cap may bind before the round is complete: then
   * they are bought one after another, so that the rows a cap leaves out are the last in rank, whatever arrived first.
   */
  async function buyRound(picks: Picks, round: RankRange, rowsPerChunk: number): Promise<ArtifactRef[]> {
    const { from, to } = round;
    if (input.config.teacher.mode === 'batch') {
      const result = await buyByJobs(picks, from, to);
      return result === null ? [] : [result.rows];
    }
    const mayBind = await light.budgetMayBind({ ...input, rows: to - from });
    const parallel = atConcurrency(input.config, steering().concurrency).teacher.max_parallel_requests;
    const width = mayBind ? 1 : 1 + Math.ceil(parallel / ROWS_PER_CHUNK);
    const chunks = chunksOf(round, rowsPerChunk);
    let overBudget = false;
    const results = await mapWithWindow(chunks, width, async (chunk, index) => {
      await pausePoints.safePoint();
      if (overBudget || gaveUp()) {
        return null;
      }
      const summary = `iteration ${input.iteration} chunk ${index + 1}/${chunks.length}: rows ${chunk.from + 1} to ${chunk.to}`;
      const config = atConcurrency(input.config, steering().concurrency);
      const result = await askTeacher(() =>
        teacher.generate.executeWithOptions({ summary }, [
          { ...input, config, ...picks, ...chunk, acceptedRejections: acceptedRejections() },
        ]),
      );
      overBudget ||= result !== null && result.overBudget > 0;
      return result?.rows ?? null;
    });
    return results.filter((rows) => rows !== null);
  }

  return buyRows;
}

function atConcurrency(config: RunConfig, concurrency: number | null): RunConfig {
  return concurrency === null
    ? config
    : { ...config, teacher: { ...config.teacher, max_parallel_requests: concurrency } };
}

function chunksOf({ from, to }: RankRange, rows: number): RankRange[] {
  return Array.from({ length: Math.ceil((to - from) / rows) }, (_, index) => ({
    from: from + index * rows,
    to: Math.min(from + (index + 1) * rows, to),
  }));
}
