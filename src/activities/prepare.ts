import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { BudgetConfig, RunConfig } from '../core/config/schema';
import { randomStream, stableHash } from '../core/random';
import type { Seed } from '../core/records';
import type { PreparedRun } from '../core/run-record';
import { taskOf } from '../core/tasks';
import type { TaskData } from '../core/tasks/task';
import { putTable } from '../store/artifacts/tables';
import { loadTaskData } from '../store/datasets/task-data';
import type { Dependencies } from './dependencies';
import { finetunedModel, finetuneJob } from './finetune-job';
import { studentStep } from './student-step';
import { putTrainingRows } from './training-rows';

export interface PrepareInput {
  readonly run: string;
  readonly experiment: string | null;
  readonly config: RunConfig;
  /** Caps over all runs of the experiment together. */
  readonly experimentBudget?: Omit<BudgetConfig, 'on_exhausted'> | undefined;
}

/** Pool, test sets and base student as artifacts. Arms of one random seed name the same jobs, so a base is trained once. */
export function createPrepare(dependencies: Dependencies) {
  const { workspace, store, ledger } = dependencies;
  const doJob = studentStep(dependencies);

  return async function prepare({ run, experiment, config, experimentBudget }: PrepareInput): Promise<PreparedRun> {
    await ledger.openAccount({ run, experiment, budget: config.budget, experimentBudget });
    const data = await readData(config, Context.current().cancellationSignal);
    const pool = await putTable(store, 'pool', data.pool);
    const tests: Record<string, ArtifactRef> = {};
    for (const [name, questions] of Object.entries(data.tests)) {
      tests[name] = await store.putRecords('test-set', questions);
    }
    const untrained = await baseModel(run, config, data);
    const warmedUp = await warmUp(run, config, untrained, data.pool);
    return { pool, tests, ...warmedUp };
  };

  /** Published files are brought here when they are absent. */
  async function readData(config: RunConfig, signal: AbortSignal): Promise<TaskData> {
    const datasets = join(workspace.root, 'datasets');
    return (await loadTaskData(config, { datasets, absent: 'fetch', signal })) as TaskData;
  }

  async function baseModel(run: string, config: RunConfig, data: TaskData): Promise<ModelRef> {
    const { base, threads } = config.student;
    const job =
      base === 'tiny'
        ? {
            op: 'init-tiny',
            parameters: { alphabet: alphabetOf(config, data), seed: stableHash('init', config.seed) % 2 ** 31 },
          }
        : { op: 'import', parameters: { source: base } };
    const result = await doJob(run, { model: null, inputs: {}, threads, ...job });
    return { base: result.outputs.model as ArtifactRef };
  }

  async function warmUp(
    run: string,
    config: RunConfig,
    model: ModelRef,
    pool: readonly Seed[],
  ): Promise<Pick<PreparedRun, 'base' | 'baseRows'>> {
    const { warm_up } = config.student;
    if (warm_up === undefined) {
      return { base: model, baseRows: null };
    }
    const seeds = randomStream('warm-up', config.seed).shuffle(pool).slice(0, warm_up.rows);
    const baseRows = await putTrainingRows(store, config, seeds);
    const job = finetuneJob(config, { iteration: 0, model, rows: [baseRows], steps: warm_up.steps });
    return { base: finetunedModel(model, await doJob(run, job)), baseRows };
  }
}

/** Where the task's text is open, the characters of its data are the tiny student's: it can be shown no others. */
function alphabetOf(config: RunConfig, { pool, tests }: TaskData): string {
  const task = taskOf(config.task);
  const seeds = [...pool, ...Object.values(tests).flat()];
  const texts = seeds.flatMap(({ question, answer }) => [task.studentPrompt(question), answer ?? '']);
  return task.alphabet ?? [...new Set(texts.flatMap((text) => [...text]))].sort().join('');
}
