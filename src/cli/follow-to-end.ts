import type { WorkflowHandle } from '@temporalio/client';
import { messageOf } from '../core/errors';
import { storeRunFailure } from '../store/failed-runs';
import type { Workspace } from '../store/workspace';
import { refuseFullDisk } from './disk-space';
import { failedAttemptsTeller } from './failed-attempts';
import { takeSnapshot } from './follow';
import type { Launch } from './launch';
import type { Notifier } from './notify';
import type { Output } from './output';
import { beginLook } from './pause-between-looks';
import { RunMemory } from './run-memory';
import type { Session } from './session';
import { isOpen, type Snapshot } from './snapshot';
import type { Seen } from './stored-snapshot';

/** A snapshot that takes longer is given up, so that there is output every few seconds whatever the server does. */
const SNAPSHOT_MS_MAX = 2000;

/** A server that does not answer for this long is reported. */
const AWAY_MS = 10_000;

/** A run that waits may just have been resumed; after this long it has not. */
const WAITING_MS = 2500;

/**
 * Polls until the workflow has ended, or until every open run waits for a person. Keeps trying while the server does not
 * answer: it may be restarting, and nothing that is paid for is lost meanwhile.
 */
export async function followToEnd(
  session: Session,
  launch: Launch,
  { output, notifier, signal }: { output: Output; notifier: Notifier | null; signal: AbortSignal },
): Promise<Snapshot> {
  const { client, workspace, dependencies } = session;
  const handle = client.workflow.getHandle(launch.name);
  const startedMs = Date.now();
  const presence = serverPresence(output);
  const tellFailedAttempts = failedAttemptsTeller(output.notice);
  const known = { complete: new Map<string, Seen>(), memory: new RunMemory() };
  const options = { workspace, ledger: dependencies.ledger, ...launch, startedMs, ...known };
  let waitingSinceMs: number | undefined;
  for (;;) {
    await refuseFullDisk(workspace);
    const pause = beginLook();
    const inTime = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + SNAPSHOT_MS_MAX, ask);
    const status = await inTime(() => statusOf(handle));
    presence.note(status !== null);
    const snapshot = await inTime(() => takeSnapshot({ ...options, client: status === null ? null : client }));
    output.snapshot(snapshot);
    notifier?.see(snapshot);
    tellFailedAttempts(snapshot);
    if (status !== null && status !== 'RUNNING') {
      await storeFailures(workspace, launch, () => handle.result());
      return snapshot;
    }
    // What the workspace alone knows about waiting runs may be out of date.
    waitingSinceMs = status !== null && waitsForAPerson(snapshot) ? (waitingSinceMs ?? Date.now()) : undefined;
    if (signal.aborted || (waitingSinceMs !== undefined && Date.now() - waitingSinceMs >= WAITING_MS)) {
      return snapshot;
    }
    await pause(signal);
  }
}

/** Whether every open run waits for a person, and so do those that an experiment would start. */
export function waitsForAPerson({ runs, waitingFor }: Snapshot): boolean {
  const open = runs.filter(({ state }) => isOpen(state));
  return (open.length > 0 || waitingFor !== null) && open.every((run) => run.waitingFor !== null);
}

/**
 * Takes the result of the workflow and stores which runs failed, and why: a single run's workflow fails, an experiment's
 * returns the list.
 * @throws the failure of a single run
 */
async function storeFailures(
  workspace: Workspace,
  { name, isExperiment }: Launch,
  resultOf: () => Promise<{ readonly failed?: readonly { readonly run: string; readonly reason: string }[] }>,
): Promise<void> {
  try {
    for (const { run, reason } of (await resultOf()).failed ?? []) {
      await storeRunFailure(workspace, run, reason);
    }
  } catch (error) {
    const { runFailure } = await import('./run-failure.js');
    const failure = runFailure(name, error);
    if (!isExperiment) {
      await storeRunFailure(workspace, name, messageOf(failure));
    }
    throw failure;
  }
}

/** `null` where the server does not say. */
const statusOf = (handle: WorkflowHandle): Promise<string | null> =>
  handle.describe().then(
    (description) => description.status.name,
    () => null,
  );

/** Says once that the server is away, and once that it is back. */
function serverPresence(output: Output): { note(answers: boolean): void } {
  let awaySinceMs: number | null = null;
  let isTold = false;
  return {
    note: (answers) => {
      if (answers) {
        if (isTold && awaySinceMs !== null) {
          const seconds = Math.round((Date.now() - awaySinceMs) / 1000);
          output.notice(`the Temporal server answers again, after ${seconds} s`);
        }
        awaySinceMs = null;
        isTold = false;
        return;
      }
      awaySinceMs ??= Date.now();
      if (!isTold && Date.now() - awaySinceMs >= AWAY_MS) {
        output.notice(
          'the Temporal server does not answer; steps in progress continue, the next ones start when it is back',
        );
        isTold = true;
      }
    },
  };
}
