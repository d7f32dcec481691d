import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunPlan } from '../core/config';
import { TutelageError } from '../core/errors';
import type { RunRecord } from '../core/run-record';
import { runRecordSchema } from '../core/run-record-schema';
import { readStoredPlan } from '../store/stored-plan';
import { readJsonFile } from '../store/workspace';
import type { Archive } from './archive';
import { type DamagedHistory, isDamaged, type RecordedWorkflow, readRecordedWorkflow } from './recorded-workflow';

/** All that an audit of one run looks at. It only reads files: no server, teacher or engine is involved. */
export interface Evidence extends Omit<Archive, 'close'> {
  readonly run: string;
  readonly record: RunRecord;
  readonly plan: RunPlan;
  /** Histories of the iterations, in order. */
  readonly iterations: readonly RecordedWorkflow[];
  /** Histories of the run itself, in order: several where it continued as new; none while it is open. */
  readonly parents: readonly RecordedWorkflow[];
  readonly damaged: readonly DamagedHistory[];
  /** The run whose first iterations this one reuses. */
  readonly fork: ForkRecord | null;
}

/** `fork.json`: where a run branches from. */
export interface ForkRecord {
  readonly of: string;
  readonly after: number;
}

/** @throws TutelageError `usage` when there is no such run, `damaged` when its record cannot be read */
export async function gatherEvidence(archive: Archive, run: string): Promise<Evidence> {
  const directory = archive.workspace.runDirectory(run);
  const record = await readRecord(join(directory, 'run.json'), run);
  const plan = await readStoredPlan(archive.workspace, run);
  if (plan === null) {
    throw new TutelageError('damaged', `${directory} lacks plan.json`, 'restore it from a backup');
  }
  const histories = await readHistories(join(directory, 'history'));
  const read = histories.filter((history): history is RecordedWorkflow => !isDamaged(history));
  return {
    ...archive,
    run,
    record,
    plan,
    iterations: read.filter(({ file }) => file.startsWith('iter-')).sort(byNumber),
    parents: read.filter(({ file }) => file.startsWith('run')).sort(byNumber),
    damaged: histories.filter(isDamaged),
    fork: await readJsonFile<ForkRecord>(join(directory, 'fork.json')),
  };
}

async function readRecord(path: string, run: string): Promise<RunRecord> {
  const text = await readJsonFile<unknown>(path).catch((cause: unknown) => {
    throw new TutelageError('damaged', `${path} cannot be read: ${(cause as Error).message}`, undefined, { cause });
  });
  if (text === null) {
    throw new TutelageError(
      'usage',
      `there is no run ${run} in this workspace`,
      'see the names with `tutelage status`',
    );
  }
  const parsed = runRecordSchema.safeParse(text);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TutelageError('damaged', `${path} is not a run's record: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  // As written, with keys that a newer version may have added.
  return text as RunRecord;
}

async function readHistories(folder: string) {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json'));
  return Promise.all(files.map((name) => readRecordedWorkflow(join(folder, name))));
}

/** `iter-2` before `iter-10`; the run's last part, which has no number, comes last. */
function byNumber(left: { readonly file: string }, right: { readonly file: string }): number {
  return numberOf(left.file) - numberOf(right.file);
}

export const numberOf = (file: string): number => Number(/(\d+)\.json$/.exec(file)?.[1] ?? Number.POSITIVE_INFINITY);
