import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { BatchJob } from '../activities/batch';
import type { Picks } from '../activities/select';
import type { Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import type { IterationInput } from './iteration';
import type { createPatience } from './patience';
import type { Rest } from './rest';

/** Rows of one job: within the 50,000 requests and 200 MB that a job may have, whatever the rows need. */
export const ROWS_PER_JOB = 5000;

/** Questions, answers, further answers, and what expired or failed of each: then what is left over is given up. */
const JOBS_MAX = 8;

/** Buys picks `from` up to `to` by jobs of the endpoint's batches API: each asks for what the rows need next. */
export function batchBuyer(options: {
  readonly input: IterationInput;
  readonly rest: Rest;
  readonly patience: ReturnType<typeof createPatience>;
  readonly steering: () => Steering;
}) {
  const { teacher, polling } = activityGroups();
  const { input, rest, steering } = options;
  const { patiently } = options.patience;

  return async (picks: Picks, from: number, to: number) => {
    const wave = { ...input, ...picks, from, to };
    for (let jobs = 0; jobs < JOBS_MAX && steering().stopping === null; jobs += 1) {
      await rest.safePoint();
      const job = (await patiently(() => teacher.submitBatch(wave)))?.job ?? null;
      if (job === null) {
        break;
      }
      await end(job);
      await patiently(() => teacher.collectBatch({ ...wave, job }));
    }
    return patiently(() => teacher.generate(wave));
  };

  /** Waits for the job's end. Whoever stops the run, or cancels it, ends the job too; what it has done is kept. */
  async function end(job: BatchJob): Promise<void> {
    const { config } = input;
    const cancel = () => CancellationScope.nonCancellable(() => teacher.cancelBatch({ config, job }));
    const ended = rest.interruptible(() => polling.pollBatch({ config, job }));
    try {
      await Promise.race([ended, condition(() => steering().stopping !== null)]);
      if (steering().stopping !== null) {
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
