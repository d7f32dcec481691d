import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Connection } from '@temporalio/client';
import type { RunPlan } from '../core/config';
import { knownLedger } from '../store/known-ledger';
import { type LedgerView, openLedgerView } from '../store/ledger';
import { readStoredPlan } from '../store/stored-plan';
import { type Workspace, workspaceAt } from '../store/workspace';
import { connectClient, loadClient } from '../temporal/connect';
import { namedCluster } from '../temporal/named-cluster';
import { converterOf } from '../temporal/payload-codec';
import { clusterKey, payloadKeyFile, readKey } from '../temporal/payload-key';
import { isServing, readServerRecord } from '../temporal/server-record';
import { isClosed } from './closed-output';
import { describeError, exitCodes } from './exit-codes';
import { takeSnapshot } from './follow';
import { renderStatus } from './live-view';
import { isRunning } from './run-lock';
import type { Snapshot } from './snapshot';
import type { Seen } from './stored-snapshot';
import { findWork, listWork, type NamedWork } from './workspace-names';

export interface StatusOptions {
  readonly json: boolean;
  readonly watch: boolean;
}

/** A busy worker may answer late; `status` shows what it knows by then. */
const ANSWER_MS_MAX = 700;
const WATCH_EVERY_MS = 1000;

/** `tutelage status [NAME]`: everything in this workspace, or one run or experiment. Starts nothing. */
export async function statusCommand(name: string | undefined, options: StatusOptions): Promise<number> {
  const workspace = workspaceAt();
  const ledger = await openLedgerView(workspace.ledger, await knownLedger(workspace));
  const complete = new Map<string, Seen>();
  try {
    for (;;) {
      const snapshots = await snapshotsOf(workspace, ledger, name, complete);
      await showStatus(snapshots, options);
      if (!options.watch || isClosed(process.stdout) || isClosed(process.stderr)) {
        return exitCodes.done;
      }
      await delay(WATCH_EVERY_MS);
    }
  } finally {
    await ledger?.close();
  }
}

/**
 * Snapshots of everything in the workspace, or of one run or experiment.
 *
 * @param complete runs that an earlier call found complete, by name; filled by this one
 */
export async function snapshotsOf(
  workspace: Workspace,
  ledger: LedgerView | null,
  name: string | undefined,
  complete: Map<string, Seen>,
): Promise<Snapshot[]> {
  const all = name === undefined ? topLevel(await listWork(workspace)) : [await findWork(workspace, name)];
  for (const { damage } of all) {
    if (damage !== undefined) {
      process.stderr.write(`${describeError(damage)}\n`);
    }
  }
  const works = all.filter(({ damage }) => damage === undefined);
  return takeSnapshots(workspace, ledger, works, complete);
}

/** A run of an experiment is shown with it. */
export const topLevel = (works: readonly NamedWork[]) => works.filter(({ name, owner }) => name === owner);

export async function takeSnapshots(
  workspace: Workspace,
  ledger: LedgerView | null,
  works: readonly NamedWork[],
  complete: Map<string, Seen>,
): Promise<Snapshot[]> {
  const isAnyRunning = works.some(({ owner }) => isRunning(workspace, owner));
  const server = isAnyRunning ? await reachServer(workspace) : null;
  try {
    const client = server && clientOf(server);
    const all = () =>
      Promise.all(
        works.map(async (work) =>
          takeSnapshot({
            client: isRunning(workspace, work.owner) ? client : null,
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

/** The named cluster, or the workspace's server if it runs; `status` never starts or joins one. */
async function reachServer(workspace: Workspace): Promise<ReachedServer | null> {
  const record = await readServerRecord(workspace.root);
  const own =
    record !== null && isServing(record, workspace.root) ? { connectionOptions: { address: record.address } } : null;
  const cluster = namedCluster();
  const server = cluster ?? (own && { ...own, namespace: 'default' });
  if (server === null) {
    return null;
  }
  return connectClient(server.connectionOptions, { connectTimeout: ANSWER_MS_MAX }).then(
    async (connection) => ({
      connection,
      namespace: server.namespace,
      key: cluster === null ? await readKey(payloadKeyFile(workspace.root)) : clusterKey(),
    }),
    () => null,
  );
}

interface ReachedServer {
  readonly connection: Connection;
  readonly namespace: string;
  /** What its payloads were encrypted with. */
  readonly key: Buffer | null;
}

/** The SDK takes a fifth of a second to load, so it is loaded only if there is a server to ask. */
function clientOf({ connection, namespace, key }: ReachedServer): Client {
  const temporal = loadClient();
  return new temporal.Client({ connection, namespace, dataConverter: converterOf(key) });
}

async function plansOf(workspace: Workspace, { runs }: NamedWork): Promise<RunPlan[]> {
  const plans = await Promise.all(runs.map((run) => readStoredPlan(workspace, run)));
  return plans.filter((plan) => plan !== null);
}

/** The snapshots as `status` prints them. */
export async function showStatus(snapshots: readonly Snapshot[], { json, watch }: StatusOptions): Promise<void> {
  if (json) {
    for (const snapshot of snapshots) {
      process.stdout.write(`${JSON.stringify({ event: 'status', ...snapshot })}\n`);
    }
    return;
  }
  const columns = process.stdout.columns || Number.POSITIVE_INFINITY;
  const lines = snapshots.flatMap((snapshot) => renderStatus(snapshot, columns));
  const text =
    lines.length === 0 ? 'nothing has been started in this workspace yet\nnext: tutelage run FILE' : lines.join('\n');
  if (watch && process.stderr.isTTY) {
    (await import('./live-terminal.js')).liveTerminal(text);
  } else {
    process.stdout.write(`${text}\n`);
  }
}
