import type { RowsResult } from '../activities/collect-rows';
import type { Picks } from '../activities/select';
import type { ArtifactRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import type { Steering } from '../core/steering';
import { mapWithWindow } from '../core/window';
import { activityGroups } from './activity-options';
import { batchBuyer, ROWS_PER_JOB } from './buy-batch';
import type { IterationInput } from './iteration';
import type { createPatience } from './patience';
import type { Rest } from './rest';

/**
 * Rows of one `generate` activity: enough to keep a history small (20 activities per 1,000 rows), few enough to show
 * progress. Of very many picks they are more, so that the references of all tables fit in the payload of one step.
 */
const ROWS_PER_BATCH = 50;
const BATCHES_MAX = 400;

export interface Bought extends RowsResult {
  readonly asked: number;
  /** Somebody stopped the run while it waited for a teacher or a cap: there will be no more rows. */
  readonly gaveUp: boolean;
}

interface Batch {
  readonly from: number;
  readonly to: number;
}

/** How an iteration buys its rows: in waves of micro-batches, in rank order, resting where the run does. */
export function rowBuyer(options: {
  readonly input: IterationInput;
  readonly rest: Rest;
  readonly patience: ReturnType<typeof createPatience>;
  readonly steering: () => Steering;
  readonly onAccepted: (rows: number) => void;
}) {
  const { light, teacher } = activityGroups();
  const { input, rest, steering } = options;
  const { patiently, gaveUp } = options.patience;

  const buyBatch = batchBuyer(options);
  const waveMax = input.config.teacher.mode === 'batch' ? ROWS_PER_JOB : Number.POSITIVE_INFINITY;

  /** Asks for rows until as many are accepted as were wanted, replacing rejected ones by the next of `count` picks. */
  async function buyRows(picks: Picks, count: number): Promise<Bought> {
    const rowsPerBatch = Math.max(ROWS_PER_BATCH, Math.ceil(count / BATCHES_MAX));
    const batches: ArtifactRef[] = [];
    let asked = 0;
    let result: RowsResult | undefined;
    while (
      result === undefined ||
      (result.accepted < input.rowsWanted && asked < count && result.refused === 0 && !gaveUp())
    ) {
      const wanted = Math.min(input.rowsWanted - (result?.accepted ?? 0), count - asked, waveMax);
      batches.push(...(await buyWave(picks, { from: asked, to: asked + wanted }, rowsPerBatch)));
      asked += wanted;
      result = await light.collectRows({ ...input, ...picks, batches });
      options.onAccepted(result.accepted);
    }
    return { ...result, asked, gaveUp: gaveUp() };
  }

  /**
   * Picks `from` up to `to`, in micro-batches. Several are in flight at once, unless a cap may bind before the wave is
   * through: then one follows the other, so that the rows a cap leaves out are the last in rank, whatever arrived first.
   */
  async function buyWave(picks: Picks, wave: Batch, rowsPerBatch: number): Promise<ArtifactRef[]> {
    const { from, to } = wave;
    if (input.config.teacher.mode === 'batch') {
      const result = await buyBatch(picks, from, to);
      return result === null ? [] : [result.rows];
    }
    const mayBind = await light.budgetMayBind({ ...input, rows: to - from });
    const parallel = atConcurrency(input.config, steering().concurrency).teacher.max_parallel_requests;
    const width = mayBind ? 1 : 1 + Math.ceil(parallel / ROWS_PER_BATCH);
    const batches = batchesOf(wave, rowsPerBatch);
    let refused = false;
    const results = await mapWithWindow(batches, width, async (batch, index) => {
      await rest.safePoint();
      if (refused || gaveUp()) {
        return null;
      }
      const summary = `iteration ${input.iteration} batch ${index + 1}/${batches.length}`;
      const config = atConcurrency(input.config, steering().concurrency);
      const result = await patiently(() =>
        teacher.generate.executeWithOptions({ summary }, [{ ...input, config, ...picks, ...batch }]),
      );
      refused ||= result !== null && result.refused > 0;
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

function batchesOf({ from, to }: Batch, rows: number): Batch[] {
  return Array.from({ length: Math.ceil((to - from) / rows) }, (_, index) => ({
    from: from + index * rows,
    to: Math.min(from + (index + 1) * rows, to),
  }));
}
