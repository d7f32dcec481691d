import { Context } from '@temporalio/activity';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { BudgetConfig, RunConfig } from '../core/config/schema';
import { randomStream, stableHash } from '../core/random';
import type { Seed } from '../core/records';
import type { PreparedRun } from '../core/run-record';
import { taskOf } from '../core/tasks';
import type { Dependencies } from './dependencies';
import { finetunedModel, finetuneJob } from './finetune-job';
import { progressReporter } from './progress';
import { putTrainingRows } from './training-rows';

export interface PrepareInput {
  readonly run: string;
  readonly experiment: string | null;
  readonly config: RunConfig;
  /** Caps over all runs of the experiment together. */
  readonly experimentBudget?: Omit<BudgetConfig, 'on_exhausted'> | undefined;
}

/** Pool, test sets and base student as artifacts. Arms of one random seed name the same jobs, so a base is trained once. */
export function createPrepare({ store, students, ledger }: Dependencies) {
  return async function prepare({ run, experiment, config, experimentBudget }: PrepareInput): Promise<PreparedRun> {
    await ledger.openAccount({ run, experiment, budget: config.budget, experimentBudget });
    const data = taskOf(config.task).makeData(config.seed);
    const pool = await store.putRecords('pool', data.pool);
    const tests: Record<string, ArtifactRef> = {};
    for (const [name, questions] of Object.entries(data.tests)) {
      tests[name] = await store.putRecords('test-set', questions);
    }
    const options = { signal: Context.current().cancellationSignal, onProgress: progressReporter() };
    const untrained = await baseModel(config, options);
    const warmedUp = await warmUp(config, untrained, data.pool, options);
    return { pool, tests, ...warmedUp };
  };

  type JobOptions = Parameters<typeof students.run>[1];

  async function baseModel(config: RunConfig, options: JobOptions): Promise<ModelRef> {
    const { base, threads } = config.student;
    const job =
      base === 'tiny'
        ? {
            op: 'init-tiny',
            parameters: { alphabet: taskOf(config.task).alphabet, seed: stableHash('init', config.seed) % 2 ** 31 },
          }
        : { op: 'import', parameters: { source: base } };
    const result = await students.run({ model: null, inputs: {}, threads, ...job }, options);
    return { base: result.outputs.model as ArtifactRef };
  }

  async function warmUp(
    config: RunConfig,
    model: ModelRef,
    pool: readonly Seed[],
    options: JobOptions,
  ): Promise<Pick<PreparedRun, 'base' | 'baseRows'>> {
    const { warm_up } = config.student;
    if (warm_up === undefined) {
      return { base: model, baseRows: null };
    }
    const seeds = randomStream('warm-up', config.seed).shuffle(pool).slice(0, warm_up.rows);
    const baseRows = await putTrainingRows(store, config, seeds);
    const job = finetuneJob(config, { iteration: 0, model, rows: [baseRows], steps: warm_up.steps });
    return { base: finetunedModel(model, await students.run(job, options)), baseRows };
  }
}
