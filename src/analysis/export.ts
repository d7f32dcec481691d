import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import type { RunRecord } from '../core/run-record';
import { taskOf } from '../core/tasks';
import { ledgerPlace } from '../store/ledger/place';
import { readPrices } from '../store/ledger/prices';
import { writeFileAtomically } from '../store/workspace';
import { columnsOf, rowColumns } from './data/columns';
import { loadRows, storeOf } from './data/load-rows';
import { parquetFile } from './data/parquet';
import type { RowLine } from './data/row-line';
import { datasetCard } from './dataset-card';
import { loadRun } from './load';

export interface ExportOptions {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly run: string;
  /** Folder that is made. */
  readonly to: string;
  /** Write alpaca.jsonl too. */
  readonly alpaca: boolean;
  /** Copy the last student too. */
  readonly student: boolean;
}

/**
 * Writes what a run made as a dataset that others can train on: accepted rows as chat messages and as prompt and
 * completion, all picks as Parquet, and a card that says how they were made.
 *
 * @returns the files, relative to the folder
 * @throws TutelageError `usage` where the run has no rows
 */
export async function exportRun(options: ExportOptions): Promise<string[]> {
  const { workspace, run, to } = options;
  const record = await loadRun(workspace, run);
  if (record === null || record.iterations.length === 0) {
    throw new TutelageError('usage', `${run} has no rows in ${workspace}`, 'name a run that has finished an iteration');
  }
  const store = storeOf(workspace);
  const prices = await readPrices(ledgerPlace(workspace), [record.run]);
  const loaded = await loadRows(store, record, { labels: {}, prices });
  if (loaded === null) {
    throw new TutelageError('damaged', `the artifacts of ${run} are not in ${workspace}`, 'restore them from a backup');
  }
  const accepted = loaded.lines.filter(({ verdict }) => verdict === 'accepted');
  const files: Record<string, string | Buffer> = {
    'messages.jsonl': jsonLines(accepted.map((line) => ({ ...messages(record, line), ...origin(line) }))),
    'prompt-completion.jsonl': jsonLines(accepted.map((line) => ({ ...completion(record, line), ...origin(line) }))),
    'rows.parquet': parquetFile(columnsOf(rowColumns, loaded.lines)),
    ...(options.alpaca ? { 'alpaca.jsonl': jsonLines(accepted.map((line) => alpaca(line))) } : {}),
    'README.md': datasetCard({ record, lines: loaded.lines, prices }),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomically(join(to, name), content);
  }
  return [...Object.keys(files), ...(options.student ? await exportStudent(store, record, to) : [])];
}

/** The last student: its weights, or the adapter with the base that it stands on. */
async function exportStudent(store: ReturnType<typeof storeOf>, record: RunRecord, to: string): Promise<string[]> {
  const { base, adapter } = record.iterations.at(-1)?.student ?? record.prepared.base;
  const parts =
    adapter === undefined
      ? [{ name: 'student', ref: base }]
      : [
          { name: 'student-base', ref: base },
          { name: 'student-adapter', ref: adapter },
        ];
  for (const { name, ref } of parts) {
    await copyFolder(await store.checkout(ref), join(to, name));
  }
  return parts.map(({ name }) => `${name}/`);
}

/** Copies, never links: what is exported may be edited, what is stored may not. */
async function copyFolder(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const folder = join(to, entry.parentPath.slice(from.length));
    await mkdir(folder, { recursive: true });
    await copyFile(join(entry.parentPath, entry.name), join(folder, entry.name));
  }
}

const promptOf = (record: RunRecord, line: RowLine) => taskOf(record.config.task).studentPrompt(line.question ?? '');

const messages = (record: RunRecord, line: RowLine) => ({
  messages: [
    { role: 'user', content: promptOf(record, line) },
    { role: 'assistant', content: line.answer ?? '' },
  ],
});

const completion = (record: RunRecord, line: RowLine) => ({
  prompt: promptOf(record, line),
  completion: line.answer ?? '',
});

const alpaca = (line: RowLine) => ({ instruction: line.question ?? '', input: '', output: line.answer ?? '' });

const origin = ({ id, parent, iteration, score }: RowLine) => ({ id, seed: parent, iteration, score });

const jsonLines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
