import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { RunConfig } from '../core/config/schema';
import type { BatchJob, BatchResult, BatchRound } from '../teacher';
import type { Dependencies } from './dependencies';
import { type GenerateInput, ordersOf, roundName } from './generate';
import type { ScreenOf } from './screen-questions';

export interface SubmitBatchResult {
  /** `null`: the round needs nothing more, or a cap leaves no room for it. */
  readonly job: BatchJob | null;
  readonly overBudget: 0;
}

export interface SubmitBatchInput extends GenerateInput {
  /** The most requests that the job may have; `null`: all that are needed. */
  readonly requestsMax: number | null;
}

export interface CollectBatchInput extends GenerateInput {
  readonly job: BatchJob;
}

export interface CollectBatchResult extends BatchResult {
  readonly overBudget: 0;
}

export type { BatchJob };

export interface BatchJobInput {
  readonly config: RunConfig;
  readonly job: BatchJob;
}

/**
 * Buying by the endpoint's batches API, in steps that may each die and be repeated: what a job asks for is in the ledger
 * under the round's name, and the job itself carries a key that follows from that name.
 */
export function createBatchSteps({ store, teacherOf }: Dependencies, screenOf: ScreenOf) {
  async function roundOf(input: GenerateInput): Promise<BatchRound> {
    const { run, experiment, config, iteration } = input;
    return {
      name: roundName(input),
      account: { run, experiment, iteration },
      orders: await ordersOf(store, input),
      runSeed: config.seed,
      screen: await screenOf(input),
    };
  }

  return {
    submitBatch: async ({ requestsMax, ...input }: SubmitBatchInput): Promise<SubmitBatchResult> => {
      const { batches } = await teacherOf(input.config);
      const job = await batches.submit(await roundOf(input), requestsMax ?? undefined);
      if (job === 'in-flight') {
        throw notReady('equal requests of another run are in flight', input.config);
      }
      return { job, overBudget: 0 };
    },

    /** Fails until the job has ended, and is retried: it occupies no slot meanwhile, and retries leave no events. */
    pollBatch: async ({ config, job }: BatchJobInput): Promise<void> => {
      const { batches } = await teacherOf(config);
      if (!(await batches.isEnded(job.id))) {
        throw notReady(`batch job ${job.id} with ${job.requests} requests has not ended yet`, config);
      }
    },

    collectBatch: async ({ job, ...input }: CollectBatchInput): Promise<CollectBatchResult> => {
      const { batches } = await teacherOf(input.config);
      return { ...(await batches.collect(await roundOf(input), job.id)), overBudget: 0 };
    },

    /** What the round has reserved and not sent is free again. */
    releaseBatch: async (input: GenerateInput): Promise<void> => {
      const { batches } = await teacherOf(input.config);
      await batches.release(roundName(input));
    },

    cancelBatch: async ({ config, job }: BatchJobInput): Promise<void> => {
      const { batches } = await teacherOf(config);
      await batches.cancel(job.id);
    },
  };
}

const notReady = (message: string, { teacher }: RunConfig) =>
  ApplicationFailure.create({
    message,
    type: 'not-ready',
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: teacher.batch_poll_seconds * 1000,
  });
