import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import type { RunPlan } from '../core/config';
import { isAlive } from '../processes/process-identity';
import { type Ledger, openLedger } from '../store/ledger';
import { openWorkspace, readJsonFile, type Workspace } from '../store/workspace';
import { namedCluster } from '../temporal/named-cluster';
import { type ServerRecord, serverRecordFile } from '../temporal/server-record';
import { exitCodes } from './exit-codes';
import { takeSnapshot } from './follow';
import { renderStatus } from './live-view';
import { isWorkedOn } from './run-lock';
import type { Snapshot } from './snapshot';
import type { Seen } from './stored-snapshot';
import { findWork, listWork, type NamedWork } from './workspace-names';

export interface StatusOptions {
  readonly json: boolean;
  readonly watch: boolean;
}

/** A worker that is busy may answer late; `status` says what it knows by then. */
const ANSWER_MS_MAX = 700;
const WATCH_EVERY_MS = 1000;

/** `tutelage status [NAME]`: all that was ever started here, or one run or experiment. Starts nothing. */
export async function statusCommand(name: string | undefined, options: StatusOptions): Promise<number> {
  const workspace = await openWorkspace();
  const ledger = await openLedger(workspace.ledger);
  const complete = new Map<string, Seen>();
  try {
    for (;;) {
      const works = name === undefined ? topLevel(await listWork(workspace)) : [await findWork(workspace, name)];
      const snapshots = await look(workspace, ledger, works, complete);
      await show(snapshots, options);
      if (!options.watch) {
        return exitCodes.done;
      }
      await delay(WATCH_EVERY_MS);
    }
  } finally {
    await ledger.close();
  }
}

/** A run of an experiment is shown with it. */
const topLevel = (works: readonly NamedWork[]) => works.filter(({ name, owner }) => name === owner);

async function look(
  workspace: Workspace,
  ledger: Ledger,
  works: readonly NamedWork[],
  complete: Map<string, Seen>,
): Promise<Snapshot[]> {
  const isAnyWorkedOn = works.some(({ owner }) => isWorkedOn(workspace, owner));
  const server = isAnyWorkedOn ? await reachServer(workspace) : null;
  try {
    const client = server && (await clientOf(server));
    const all = () =>
      Promise.all(
        works.map(async (work) =>
          takeSnapshot({
            client: isWorkedOn(workspace, work.owner) ? client : null,
            workspace,
            ledger,
            name: work.name,
            isExperiment: work.kind === 'experiment',
            plans: await plansOf(workspace, work),
            startedMs: Date.now(),
            complete,
          }),
        ),
      );
    return server === null ? await all() : await server.connection.withDeadline(Date.now() + ANSWER_MS_MAX, all);
  } finally {
    await server?.connection.close();
  }
}

/** The cluster, or the workspace's server where it lives; nobody joins it for a look. */
async function reachServer(workspace: Workspace): Promise<{ connection: Connection; namespace: string } | null> {
  const record = await readJsonFile<ServerRecord>(serverRecordFile(workspace.root)).catch(() => null);
  const own = record !== null && isAlive(record) ? { connectionOptions: { address: record.address } } : null;
  const server = namedCluster() ?? (own && { ...own, namespace: 'default' });
  if (server === null) {
    return null;
  }
  const temporal = await import('@temporalio/client');
  return temporal.Connection.connect({ ...server.connectionOptions, connectTimeout: ANSWER_MS_MAX }).then(
    (connection) => ({ connection, namespace: server.namespace }),
    () => null,
  );
}

/** The SDK takes a fifth of a second to load: only where there is somebody to ask. */
async function clientOf(server: { connection: Connection; namespace: string }): Promise<Client> {
  const temporal = await import('@temporalio/client');
  return new temporal.Client(server);
}

async function plansOf(workspace: Workspace, { runs }: NamedWork): Promise<RunPlan[]> {
  const plans = await Promise.all(
    runs.map((run) => readJsonFile<RunPlan>(join(workspace.runDirectory(run), 'plan.json'))),
  );
  return plans.filter((plan) => plan !== null);
}

async function show(snapshots: readonly Snapshot[], { json, watch }: StatusOptions): Promise<void> {
  if (json) {
    for (const snapshot of snapshots) {
      process.stdout.write(`${JSON.stringify({ event: 'status', ...snapshot })}\n`);
    }
    return;
  }
  const columns = process.stdout.columns || Number.POSITIVE_INFINITY;
  const lines = snapshots.flatMap((snapshot) => renderStatus(snapshot, columns));
  const text = lines.length === 0 ? 'nothing was started here yet\nnext: tutelage run FILE' : lines.join('\n');
  if (watch && process.stderr.isTTY) {
    (await import('log-update')).logUpdateStderr(text);
  } else {
    process.stdout.write(`${text}\n`);
  }
}
