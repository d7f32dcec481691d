import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { plural } from '../analysis/phrases';
import { TutelageError } from '../core/errors';
import { bytesIn } from '../store/prune';
import type { Workspace } from '../store/workspace';
import { openOwnWorkspace } from '../store/workspace-identity';
import { connectClient } from '../temporal/connect';
import { confirm } from './confirm';
import { detachedLog } from './detach';
import { exitCodes } from './exit-codes';
import { openServer } from './open-server';
import { lockRun } from './run-lock';
import { findWork } from './workspace-names';

export interface DeleteOptions {
  readonly yes: boolean;
  readonly json: boolean;
}

/** `tutelage delete NAME`: removes a run or an experiment. What it bought and spent stays in the ledger. */
export async function deleteCommand(name: string, options: DeleteOptions): Promise<number> {
  const workspace = await openOwnWorkspace();
  const work = await findWork(workspace, name);
  if (work.owner !== name) {
    throw new TutelageError('usage', `${name} belongs to ${work.owner}`, `delete that: tutelage delete ${work.owner}`);
  }
  const unlock = lockRun(workspace, name);
  try {
    const directory = workspace.runDirectory(name);
    const bytes = await bytesIn(directory);
    const what = work.kind === 'experiment' ? `${name} and its ${plural(work.runs.length, 'run')}` : name;
    const size = `${(bytes / 1e6).toFixed(1)} MB`;
    const isAgreed =
      options.yes || (await confirm(`delete ${what} (${size}: records, histories, report)? It cannot be undone.`));
    if (isAgreed) {
      await endWorkflows(workspace, name);
      await rm(directory, { recursive: true, force: true });
      await rm(detachedLog(workspace, name), { force: true });
    }
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ event: 'deleted', name, deleted: isAgreed, bytes })}\n`);
    } else {
      const said = isAgreed
        ? `${what} is deleted; what it spent stays in the ledger, and counts if the name is used again`
        : 'nothing was deleted';
      process.stderr.write(`${said}\n`);
    }
    return isAgreed ? exitCodes.done : exitCodes.failed;
  } finally {
    unlock();
    await rm(join(workspace.locks, `${name}.lock`), { force: true });
  }
}

/** An open workflow of that name would be found, with its old configuration, when the name is used again. */
async function endWorkflows(workspace: Workspace, name: string): Promise<void> {
  const temporal = await openServer(workspace);
  try {
    const connection = await connectClient(temporal.connectionOptions);
    try {
      const { workflow } = new Client({
        connection,
        namespace: temporal.namespace,
        dataConverter: temporal.dataConverter,
      });
      for await (const { workflowId } of workflow.list({ query: 'ExecutionStatus="Running"' })) {
        if (workflowId === name || workflowId.startsWith(`${name}/`)) {
          await workflow.getHandle(workflowId).terminate('deleted');
        }
      }
    } finally {
      await connection.close();
    }
  } finally {
    await temporal.close();
  }
}
