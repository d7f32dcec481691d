import { ActivityFailure, ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { RowsResult } from '../activities/collect-rows';
import type { RunContext } from '../activities/run-context';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { IterationOutcome } from '../core/run-record';
import { measurementsOf } from '../core/strategies';
import { mapWithWindow } from '../core/window';
import { activityGroups } from './activity-options';
import { measuring } from './measure';
import { type IterationStatus, iterationStatusQuery, resumeSignal } from './messages';

export interface IterationInput extends RunContext {
  readonly iteration: number;
  /** The student that answers and is scored: the base in iteration 1, then the one of the iteration before. */
  readonly student: ModelRef;
  /** Records of all finished iterations; `null` before the first. */
  readonly past: ArtifactRef | null;
  readonly rowsWanted: number;
}

/** Rows of one `generate` activity: enough to keep a history small (20 activities per 1,000 rows), few enough to show progress. */
const ROWS_PER_BATCH = 50;

/** Seeds selected per row wanted: the second half are replacements, used in rank order for rows that were rejected. */
const PICKS_PER_ROW = 2;

/**
 * One iteration of active distillation (arXiv 2512.00884, section 3): the student answers every seed of the pool, a
 * scorer says how much it needs each, the selector keeps those it needs most, the teacher writes a new question and a
 * worked answer for each, the student is finetuned on all rows so far, and evaluated.
 */
export async function iteration(input: IterationInput): Promise<IterationOutcome | null> {
  const groups = activityGroups();
  let status: IterationStatus = firstStatus(input);
  let resumed = false;
  const enter = (step: string) => {
    status = { ...status, step, stepSinceMs: Date.now() };
  };
  setHandler(iterationStatusQuery, () => status);
  setHandler(resumeSignal, () => {
    resumed = true;
  });

  const { strategy } = input.config;
  const count = PICKS_PER_ROW * input.rowsWanted;
  // A pool that is ranked once is ranked by the base; the engine and the ledger find that it was done before.
  const looking = { ...input, student: strategy.rescore === 'once' ? input.prepared.base : input.student, count };
  const pool = measuring(groups, looking);

  enter('predict');
  const predictions = measurementsOf(strategy).prediction ? await pool.predict() : null;

  enter('score');
  const scores = await pool.score(predictions, askUntilAllowed);
  if (scores === 'refused') {
    return null;
  }

  enter('select');
  const { selection, selectedBy } = await groups.light.select({ ...looking, predictions, scores });

  enter('generate');
  const bought = await buyRows(selection);
  if (bought.accepted === 0) {
    return nothingBought(bought);
  }

  enter('finetune');
  const finetuned = await groups.student.finetune({ ...input, rows: bought.rows });

  enter('evaluate');
  const evaluation = await groups.student.evaluate({ ...input, student: finetuned });

  const { iteration } = input;
  const outcome = { iteration, predictions, scores, selection, selectedBy, ...bought, student: finetuned, evaluation };
  if (input.config.analyses !== true) {
    return outcome;
  }
  enter('reflect');
  const reflection = await groups.student.reflect({ ...looking, past: null, rows: bought.rows });
  return { ...outcome, reflection };

  /** Asks for rows in rank order until as many are accepted as were wanted, replacing rejected ones by the next picks. */
  async function buyRows(picks: ArtifactRef): Promise<RowsResult & { readonly asked: number }> {
    const batches: ArtifactRef[] = [];
    let asked = 0;
    let result: RowsResult | undefined;
    while (result === undefined || (result.accepted < input.rowsWanted && asked < count && result.refused === 0)) {
      const wanted = Math.min(input.rowsWanted - (result?.accepted ?? 0), count - asked);
      batches.push(...(await buyWave(picks, asked, asked + wanted)));
      asked += wanted;
      result = await groups.light.collectRows({ ...input, selection: picks, batches });
      status = { ...status, rowsAccepted: result.accepted };
    }
    return { ...result, asked };
  }

  /**
   * Picks `from` up to `to`, in micro-batches. Several are in flight at once, unless a cap may bind before the wave is
   * through: then one follows the other, so that the rows a cap leaves out are the last in rank, whatever arrived first.
   */
  async function buyWave(picks: ArtifactRef, from: number, to: number): Promise<ArtifactRef[]> {
    const mayBind = await groups.light.budgetMayBind({ ...input, rows: to - from });
    const width = mayBind ? 1 : 1 + Math.ceil(input.config.teacher.max_parallel_requests / ROWS_PER_BATCH);
    let refused = false;
    const results = await mapWithWindow(batchesOf(from, to), width, async (batch) => {
      if (refused) {
        return null;
      }
      const result = await askUntilAllowed(() => groups.teacher.generate({ ...input, selection: picks, ...batch }));
      refused ||= result.refused > 0;
      return result.rows;
    });
    return results.filter((rows) => rows !== null);
  }

  /** A teacher that refuses everything (wrong key, no quota, unknown model) is waited for until a person says `resume`. */
  async function askUntilAllowed<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        const result = await ask();
        status = { ...status, waitingFor: null };
        return result;
      } catch (error) {
        const refusal = teacherRefusal(error);
        if (refusal === null) {
          throw error;
        }
        resumed = false;
        status = { ...status, waitingFor: refusal };
        await condition(() => resumed);
      }
    }
  }
}

function firstStatus(input: IterationInput): IterationStatus {
  return {
    iteration: input.iteration,
    step: 'start',
    stepSinceMs: Date.now(),
    rowsWanted: input.rowsWanted,
    rowsAccepted: 0,
    waitingFor: null,
  };
}

/** Nothing to learn from: the end of the run where a cap was the reason (`null`), an error where the answers were. */
function nothingBought({ asked, refused }: { asked: number; refused: number }): null {
  if (refused > 0) {
    return null;
  }
  throw ApplicationFailure.nonRetryable(
    `the teacher was asked for ${asked} rows and not one could be used; the reasons are in the run's rejected rows`,
    'no-rows-accepted',
  );
}

function batchesOf(from: number, to: number): { from: number; to: number }[] {
  const count = Math.ceil((to - from) / ROWS_PER_BATCH);
  return Array.from({ length: count }, (_, index) => ({
    from: from + index * ROWS_PER_BATCH,
    to: Math.min(from + (index + 1) * ROWS_PER_BATCH, to),
  }));
}

function teacherRefusal(error: unknown): string | null {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof ApplicationFailure && cause.type === 'teacher-refused' ? cause.message : null;
}
