import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { RunConfig } from '../core/config/schema';
import type { BatchJob, BatchWave } from '../teacher';
import type { Dependencies } from './dependencies';
import { type GenerateInput, ordersOf } from './generate';

export interface SubmitBatchResult {
  /** `null`: the wave needs nothing more, or a cap leaves no room for it. */
  readonly job: BatchJob | null;
  readonly refused: 0;
}

export interface CollectBatchInput extends GenerateInput {
  readonly job: BatchJob;
}

export type { BatchJob };

export interface BatchJobInput {
  readonly config: RunConfig;
  readonly job: BatchJob;
}

/** The same picks of the same run have the same name for ever: under it the ledger holds what a job asks for. */
export const waveName = ({ run, selection, from, to }: GenerateInput): string =>
  `${run} ${selection.sha256.slice(0, 16)} ${from}-${to}`;

/**
 * Buying by the endpoint's batches API, in steps that may each die and be done again: what a job holds is in the ledger
 * under the wave's name, and the job itself carries a key that follows from it.
 */
export function createBatchSteps({ store, teacherOf }: Dependencies) {
  async function waveOf(input: GenerateInput): Promise<BatchWave> {
    const { run, experiment, config } = input;
    return {
      name: waveName(input),
      account: { run, experiment },
      orders: await ordersOf(store, input),
      runSeed: config.seed,
    };
  }

  return {
    submitBatch: async (input: GenerateInput): Promise<SubmitBatchResult> => {
      const { batches } = await teacherOf(input.config);
      return { job: await batches.submit(await waveOf(input)), refused: 0 };
    },

    /** Fails until the job has ended, and is tried again: it holds no place meanwhile, and tries leave no events. */
    pollBatch: async ({ config, job }: BatchJobInput): Promise<void> => {
      const { batches } = await teacherOf(config);
      if (!(await batches.isEnded(job.id))) {
        throw ApplicationFailure.create({
          message: `batch job ${job.id} with ${job.requests} requests has not ended yet`,
          type: 'not-ready',
          category: ApplicationFailureCategory.BENIGN,
          nextRetryDelay: config.teacher.batch_poll_seconds * 1000,
        });
      }
    },

    collectBatch: async ({ job, ...input }: CollectBatchInput): Promise<{ readonly refused: 0 }> => {
      const { batches } = await teacherOf(input.config);
      await batches.collect(await waveOf(input), job.id);
      return { refused: 0 };
    },

    cancelBatch: async ({ config, job }: BatchJobInput): Promise<void> => {
      const { batches } = await teacherOf(config);
      await batches.cancel(job.id);
    },
  };
}
