import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { RunToDo } from '../core/config/run-plan';
import type { RunConfig } from '../core/config/schema';
import type { PreparedRun } from '../core/run-record';
import { putTable } from '../store/artifacts/tables';
import { hashFolder } from '../store/artifacts/whole-files';
import { type LoadedData, loadTaskData } from '../store/datasets/task-data';
import type { Dependencies } from './dependencies';

/** Pool and test sets, as artifacts. */
export interface RunData extends Pick<PreparedRun, 'pool' | 'tests'> {
  /** What the directory of the base student holds, by hash, where it is on this machine: other files are another student. */
  readonly baseContent?: string;
}

/**
 * Opens the run's account and stores its questions. Done where the loop is served: the files that a configuration names
 * are on the machine of whoever wrote it, the engines may be elsewhere.
 */
export function createReadData(dependencies: Dependencies) {
  const { workspace, store, ledger } = dependencies;

  return async function readData({ run, experiment, config, experimentBudget }: RunToDo): Promise<RunData> {
    await ledger.openAccount({ run, experiment, budget: config.budget, experimentBudget });
    const data = await load(config, Context.current().cancellationSignal);
    const tests: Record<string, ArtifactRef> = {};
    for (const [name, questions] of Object.entries(data.tests)) {
      tests[name] = await putTable(store, 'test-set', questions);
    }
    const baseContent = await hashFolder(config.student.base);
    return {
      pool: await putTable(store, 'pool', data.pool),
      tests,
      ...(baseContent === null ? {} : { baseContent }),
    };
  };

  /** Published files are brought here when they are absent. */
  async function load(config: RunConfig, signal: AbortSignal): Promise<LoadedData> {
    const datasets = join(workspace.root, 'datasets');
    return (await loadTaskData(config, { datasets, absent: 'fetch', signal })) as LoadedData;
  }
}
