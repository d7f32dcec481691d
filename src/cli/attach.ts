import { setTimeout as delay } from 'node:timers/promises';
import { knownLedger } from '../store/known-ledger';
import { openLedgerView } from '../store/ledger';
import { workspaceAt } from '../store/workspace';
import { isClosed } from './closed-output';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import { openOutput } from './output';
import { isRunning } from './run-lock';
import type { Snapshot } from './snapshot';
import { showStatus, snapshotsOf } from './status';
import type { Seen } from './stored-snapshot';
import { findWork } from './workspace-names';

const LOOK_EVERY_MS = 1000;

/**
 * `tutelage attach NAME`: the live view of a run that another process works on, until it ends. Ctrl-C leaves the view and
 * nothing else.
 */
export async function attachCommand(name: string, options: { readonly json: boolean }): Promise<number> {
  const workspace = workspaceAt();
  const { owner } = await findWork(workspace, name);
  const ledger = await openLedgerView(workspace.ledger, await knownLedger(workspace));
  const footer = `Ctrl-C leaves this view; ${owner} continues.`;
  const output = openOutput({ ...options, footer });
  const interrupt = interruption();
  const complete = new Map<string, Seen>();
  const startedMs = Date.now();
  try {
    for (;;) {
      const isWorking = isRunning(workspace, owner);
      const [snapshot] = await snapshotsOf(workspace, ledger, name, complete);
      if (snapshot === undefined || !isWorking) {
        output.close();
        await showStatus(snapshot === undefined ? [] : [snapshot], { ...options, watch: false });
        return snapshot === undefined ? exitCodes.failed : exitCodeFor(snapshot);
      }
      output.snapshot({ ...snapshot, elapsedSeconds: (Date.now() - startedMs) / 1000 });
      const left = await Promise.race([interrupt.asked, delay(LOOK_EVERY_MS)]);
      if (left === 'interrupted' || isClosed(process.stderr)) {
        output.close();
        output.notice(`${owner} continues\nnext: tutelage attach ${name}`);
        return exitCodes.interrupted;
      }
    }
  } finally {
    output.close();
    interrupt.done();
    await ledger?.close();
  }
}

/** As the process of the run would end. */
function exitCodeFor({ runs }: Snapshot): number {
  const states = new Set(runs.map(({ state }) => state));
  if (states.has('failed')) {
    return exitCodes.failed;
  }
  return runs.every(({ state }) => state === 'complete') ? exitCodes.done : exitCodes.stoppedBeforeGoal;
}
