import { join } from 'node:path';
import { capsOf } from '../core/budget/price';
import type { BudgetChange, Steering } from '../core/steering';
import type { AccountName } from '../store/ledger';
import { readJsonFile, type Workspace, writeFileAtomically } from '../store/workspace';
import type { Dependencies } from './dependencies';

export interface ChangeBudgetInput extends BudgetChange {
  readonly account: AccountName;
  readonly who: string;
}

/** What a run or an experiment waits for, as `waiting.json` has it: a look at the workspace says so without a server. */
export interface WaitingNote {
  readonly waitingFor: string | null;
  readonly sinceMs: number;
}

const steeringFile = 'steering.json';
const waitingFile = 'waiting.json';

/** Changes caps in the ledger, which refuses what is below the spent, and answers the cap on accepted rows. */
export function createChangeBudget({ ledger }: Pick<Dependencies, 'ledger'>) {
  return async function changeBudget({ account, who, ...change }: ChangeBudgetInput): Promise<number | null> {
    const { caps: before } = await ledger.account(account);
    const wanted = capsOf(change);
    const caps = {
      samples: wanted.samples ?? before.samples,
      tokens: wanted.tokens ?? before.tokens,
      nanoUsd: wanted.nanoUsd ?? before.nanoUsd,
    };
    // Done again after a lost answer, it would be one more line about nothing.
    if (JSON.stringify(caps) !== JSON.stringify(before)) {
      await ledger.setCaps(account, caps, who);
    }
    return caps.samples;
  };
}

/** Keeps what was changed, by whom and when, beside the run's record. */
export function createNoteSteering({ workspace }: Pick<Dependencies, 'workspace'>) {
  return async function noteSteering({ name, steering }: { name: string; steering: Steering }): Promise<void> {
    await writeJson(join(workspace.runDirectory(name), steeringFile), steering);
  };
}

/** Keeps what a run waits for. */
export function createNoteWaiting({ workspace }: Pick<Dependencies, 'workspace'>) {
  return async function noteWaiting({ name, ...note }: WaitingNote & { name: string }): Promise<void> {
    await writeJson(join(workspace.runDirectory(name), waitingFile), note);
  };
}

/** What was set and capped before, for a workflow that starts again: it begins neither paused nor stopping. */
export async function storedSteering(workspace: Workspace, name: string): Promise<Steering | null> {
  const stored = await readJsonFile<Steering>(join(workspace.runDirectory(name), steeringFile));
  return stored === null ? null : { ...stored, paused: null, stopping: null };
}

/** What the workspace says of pauses and waits, with or without a server. */
export async function notesOf(
  workspace: Workspace,
  name: string,
): Promise<{ paused: boolean; steering: Steering | null; waiting: WaitingNote | null }> {
  const directory = workspace.runDirectory(name);
  const steering = await readJsonFile<Steering>(join(directory, steeringFile));
  const waiting = await readJsonFile<WaitingNote>(join(directory, waitingFile));
  return {
    steering,
    paused: steering !== null && steering.paused !== null,
    waiting: waiting?.waitingFor == null ? null : waiting,
  };
}

const writeJson = (path: string, value: unknown) => writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
