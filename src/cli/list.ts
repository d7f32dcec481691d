import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { count } from '../analysis/phrases';
import { formatUsd } from '../core/budget/price';
import { knownLedger } from '../store/known-ledger';
import { openLedgerView } from '../store/ledger';
import { bytesIn } from '../store/prune';
import { type Workspace, workspaceAt } from '../store/workspace';
import { exitCodes } from './exit-codes';
import type { ListedEvent } from './json-events';
import type { Snapshot } from './snapshot';
import { snapshotsOf } from './status';

/** `tutelage list`: one line for each run or experiment of the workspace. Starts nothing. */
export async function listCommand(options: { readonly json: boolean }): Promise<number> {
  const workspace = workspaceAt();
  const ledger = await openLedgerView(workspace.ledger, await knownLedger(workspace));
  try {
    const snapshots = await snapshotsOf(workspace, ledger, undefined, new Map());
    const listed = await Promise.all(snapshots.map((snapshot) => listedEvent(workspace, snapshot)));
    if (options.json) {
      process.stdout.write(listed.map((event) => `${JSON.stringify(event)}\n`).join(''));
    } else {
      process.stdout.write(`${listLines(listed, Date.now()).join('\n')}\n`);
    }
    return exitCodes.done;
  } finally {
    await ledger?.close();
  }
}

/** What `list` says of a run or an experiment. */
export async function listedEvent(workspace: Workspace, { name, runs, teacher }: Snapshot): Promise<ListedEvent> {
  const directory = workspace.runDirectory(name);
  const changes = await Promise.all(
    [name, ...runs.map(({ run }) => run)].flatMap((run) =>
      ['run.json', 'plan.json', 'log.jsonl', 'experiment.json'].map((file) =>
        changedMs(join(workspace.runDirectory(run), file)),
      ),
    ),
  );
  const states: Record<string, number> = {};
  for (const { state } of runs) {
    states[state] = (states[state] ?? 0) + 1;
  }
  return {
    event: 'listed',
    name,
    runs: runs.length,
    states,
    rowsAccepted: runs.reduce((sum, { rowsAccepted }) => sum + rowsAccepted, 0),
    rowsPlanned: runs.reduce((sum, { rowsPlanned }) => sum + rowsPlanned, 0),
    tokens: teacher.tokens,
    usd: teacher.usd,
    changedAt: new Date(Math.max(0, ...changes)).toISOString(),
    bytes: await bytesIn(directory),
  };
}

const changedMs = (path: string) =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** A table with a heading; a workspace without runs says how to start one. */
export function listLines(listed: readonly ListedEvent[], nowMs: number): string[] {
  if (listed.length === 0) {
    return ['nothing has been started in this workspace yet', 'next: tutelage run FILE'];
  }
  const rows = listed.map((one) => [
    one.name,
    Object.entries(one.states)
      .map(([state, amount]) => (one.runs === 1 ? state : `${amount} ${state}`))
      .join(', '),
    `${count(one.rowsAccepted)}/${count(one.rowsPlanned)}`,
    one.usd > 0 ? formatUsd(one.usd) : `${count(one.tokens)} tokens`,
    ageText(nowMs - Date.parse(one.changedAt)),
    `${(one.bytes / 1e6).toFixed(1)} MB`,
  ]);
  const table = [['name', 'state', 'rows', 'spent', 'changed', 'disk'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) {
    return `${seconds} s ago`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ago`;
  }
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}
