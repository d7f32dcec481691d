import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { takeSnapshot } from './follow';
import { refuseFullDisk } from './full-disk';
import { type Launch, storeFailures } from './launch';
import type { Output } from './output';
import type { Session } from './session';
import type { Snapshot } from './snapshot';
import type { Seen } from './stored-snapshot';

/** How often the running work is looked at. */
const LOOK_EVERY_MS = 500;

/** A look adds up the calls of the runs that are under way. Of millions that takes a while, in which this process does nothing else. */
const PAUSE_PER_LOOK = 4;

/** A look that takes longer is given up, so that there is a line for people every few seconds whatever the server does. */
const LOOK_MS_MAX = 2000;

/** A server that is silent for so long is worth a sentence. */
const AWAY_MS = 10_000;

/** What waits may just have been told to go on; after this long it has not been. */
const RESTING_MS = 2500;

/**
 * Looks until the workflow has ended, or until everything that is left waits for a person. A server that does not answer
 * is looked for again: it may be restarting, and what is paid for is safe meanwhile.
 */
export async function followToEnd(
  session: Session,
  launch: Launch,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<Snapshot> {
  const { client, workspace, dependencies } = session;
  const handle = client.workflow.getHandle(launch.name);
  const startedMs = Date.now();
  const presence = serverPresence(output);
  const options = { workspace, ledger: dependencies.ledger, ...launch, startedMs, complete: new Map<string, Seen>() };
  let restingSinceMs: number | undefined;
  for (;;) {
    await refuseFullDisk(workspace);
    const before = performance.eventLoopUtilization();
    const inTime = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + LOOK_MS_MAX, ask);
    const status = await inTime(() => statusOf(handle));
    presence.note(status !== null);
    const snapshot = await inTime(() => takeSnapshot({ ...options, client: status === null ? null : client }));
    output.snapshot(snapshot);
    if (status !== null && status !== 'RUNNING') {
      const result = await handle.result().catch(async (error: unknown) => {
        const { runFailure } = await import('./run-failure.js');
        throw runFailure(launch.name, error);
      });
      await storeFailures(workspace, launch, result);
      return snapshot;
    }
    // What the workspace alone says of waits may be over.
    restingSinceMs = status !== null && waitsForAPerson(snapshot) ? (restingSinceMs ?? Date.now()) : undefined;
    if (signal.aborted || (restingSinceMs !== undefined && Date.now() - restingSinceMs >= RESTING_MS)) {
      return snapshot;
    }
    // Waiting for an answer costs nobody anything.
    const busyMs = performance.eventLoopUtilization(before).active;
    await delay(Math.max(LOOK_EVERY_MS, PAUSE_PER_LOOK * busyMs));
  }
}

/** All that is left waits: the runs under way, and those that an experiment would start. */
export function waitsForAPerson({ runs, waitingFor }: Snapshot): boolean {
  const running = runs.filter(({ state }) => state === 'running');
  return (running.length > 0 || waitingFor !== null) && running.every((run) => run.waitingFor !== null);
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
          'the Temporal server does not answer; steps under way go on, the next ones follow when it is back',
        );
        isTold = true;
      }
    },
  };
}
