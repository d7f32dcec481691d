import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type { BatchJob } from '../activities/batch';
import type { Picks } from '../activities/select';
import type { Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import type { TeacherWait } from './ask-teacher';
import type { IterationInput } from './iteration-input';
import type { PausePoints } from './pause-points';

/** Rows of one job: within the 50,000 requests and 200 MB that a job may have, whatever the rows need. */
export const ROWS_PER_JOB = 5000;

/** Jobs in a row that answered nothing: then what is left is given up. */
const IDLE_JOBS_MAX = 3;

/** Jobs that were not begun because too much was enqueued: smaller ones follow, up to about a day and a half. */
const FULL_JOBS_MAX = 200;
const fullWaitMs = (full: number) => Math.min(10 * 60_000, 10_000 * 2 ** (full - 1));

/** Buys seeds of rank `from` up to `to` by jobs of the endpoint's batches API: each asks for what the rows need next. */
export function batchBuyer(options: {
  readonly input: IterationInput;
  readonly pausePoints: PausePoints;
  readonly teacherWait: TeacherWait;
  readonly steering: () => Steering;
}) {
  const { teacher, polling } = activityGroups();
  const { input, pausePoints, steering } = options;
  const { askTeacher } = options.teacherWait;
  const isStopping = () => steering().stopping !== null;

  return async (picks: Picks, from: number, to: number) => {
    const round = { ...input, ...picks, from, to };
    try {
      await buyByJobs(round);
      // Its rows are paid for already: they are judged when they are collected.
      return await askTeacher(() => teacher.generate({ ...round, acceptsUseless: true }));
    } finally {
      await CancellationScope.nonCancellable(() => teacher.releaseBatch(round));
    }
  };

  async function buyByJobs(round: IterationInput & Picks & { readonly from: number; readonly to: number }) {
    let requestsMax: number | null = null;
    let idle = 0;
    let full = 0;
    while (!isStopping() && idle < IDLE_JOBS_MAX && full < FULL_JOBS_MAX) {
      await pausePoints.safePoint();
      const job = (await askTeacher(() => teacher.submitBatch({ ...round, requestsMax })))?.job ?? null;
      if (job === null) {
        return;
      }
      const ended = await askTeacher(async () => {
        await end(job);
        return { overBudget: 0 };
      });
      const collected = ended === null ? null : await askTeacher(() => teacher.collectBatch({ ...round, job }));
      if (collected === null) {
        return;
      }
      if (collected.isFull) {
        full += 1;
        requestsMax = Math.ceil(job.requests / 2);
        await waitForRoom(fullWaitMs(full));
      } else {
        idle = collected.settled > 0 ? 0 : idle + 1;
      }
    }
  }

  async function waitForRoom(ms: number): Promise<void> {
    let isOver = false;
    // A stop does not wait for it.
    void sleep(ms).then(
      () => {
        isOver = true;
      },
      () => undefined,
    );
    const reason = `the endpoint has too many tokens enqueued; a smaller batch job follows in ${Math.round(ms / 1000)} s`;
    await pausePoints.waitForPerson(reason, () => isOver || isStopping());
  }

  /** Waits for the job's end. Stopping or cancelling the run ends the job too; what it has done is kept. */
  async function end(job: BatchJob): Promise<void> {
    const { config } = input;
    const cancel = () => CancellationScope.nonCancellable(() => teacher.cancelBatch({ config, job }));
    const ended = pausePoints.interruptible(() => polling.pollBatch({ config, job }));
    try {
      await Promise.race([ended, condition(isStopping)]);
      if (isStopping()) {
        await cancel();
      }
      await ended;
    } catch (error) {
      if (isCancellation(error)) {
        await cancel();
      }
      throw error;
    }
  }
}
