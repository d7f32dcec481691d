import { TutelageError } from '../core/errors';
import { knownLedger } from '../store/known-ledger';
import { openLedgerView } from '../store/ledger';
import { findPrunable } from '../store/prune';
import { openWorkspace } from '../store/workspace';
import { confirm } from './confirm';
import { exitCodes } from './exit-codes';
import { isRunning } from './run-lock';
import { snapshotsOf } from './status';
import { listWork } from './workspace-names';

export interface PruneOptions {
  readonly yes: boolean;
  readonly json: boolean;
}

/** `tutelage prune`: shows what is not needed any more and how much it is, and removes it when that is confirmed. */
export async function pruneCommand(options: PruneOptions): Promise<number> {
  const workspace = await openWorkspace();
  const works = await listWork(workspace);
  const working = works.find(({ owner }) => isRunning(workspace, owner));
  if (working !== undefined) {
    throw new TutelageError('busy', `${working.owner} is running`, 'prune when no run works in this workspace');
  }
  const ledger = await openLedgerView(workspace.ledger, await knownLedger(workspace));
  const snapshots = await snapshotsOf(workspace, ledger, undefined, new Map()).finally(() => ledger?.close());
  const isAnyRunOpen = snapshots
    .flatMap(({ runs }) => runs)
    .some(({ state }) => state !== 'complete' && state !== 'stopped');
  const found = await findPrunable(workspace, isAnyRunOpen);
  const bytes = found.reduce((sum, one) => sum + one.bytes, 0);
  const say = (text: string) => process.stderr.write(`${text}\n`);
  for (const one of found) {
    say(`${one.what.padEnd(16)} ${megabytes(one.bytes).padStart(12)}   ${one.why}`);
  }
  if (isAnyRunOpen) {
    say('checkpoints and students are kept: a run of this workspace has not ended');
  }
  const isAgreed = bytes > 0 && (options.yes || (await confirm(`remove ${megabytes(bytes)}?`)));
  if (isAgreed) {
    for (const one of found) {
      await one.remove();
    }
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ event: 'pruned', bytes: isAgreed ? bytes : 0, found: bytes })}\n`);
  } else {
    say(bytes === 0 ? 'nothing to remove' : isAgreed ? `removed ${megabytes(bytes)}` : 'nothing was removed');
  }
  return exitCodes.done;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
