import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import type { RunRecord } from '../core/run-record';
import { taskOf } from '../core/tasks';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { ledgerPlace } from '../store/ledger/place';
import { readPrices } from '../store/ledger/prices';
import { writeFileAtomically } from '../store/workspace';
import { columnsOf, rowColumns } from './data/columns';
import { loadRows, storeOf } from './data/load-rows';
import { parquetFile } from './data/parquet';
import type { RowLine } from './data/row-line';
import { datasetCard, type StudentFolder } from './dataset-card';
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
  /** Makes one model of the last student's base and adapter; what it makes is copied too. */
  readonly merge: ((store: ArtifactStore, student: ModelRef) => Promise<ArtifactRef>) | null;
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
  const students = await studentsOf(store, record, options);
  const files: Record<string, string | Buffer> = {
    'messages.jsonl': jsonLines(accepted.map((line) => ({ ...messages(record, line), ...origin(line) }))),
    'prompt-completion.jsonl': jsonLines(accepted.map((line) => ({ ...completion(record, line), ...origin(line) }))),
    'rows.parquet': parquetFile(columnsOf(rowColumns, loaded.lines)),
    ...(options.alpaca ? { 'alpaca.jsonl': jsonLines(accepted.map((line) => alpaca(line))) } : {}),
    'README.md': datasetCard({ record, lines: loaded.lines, prices, students: students.map(({ name }) => name) }),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomically(join(to, name), content);
  }
  for (const { name, ref } of students) {
    await copyFolder(await store.checkout(ref), join(to, name));
  }
  return [...Object.keys(files), ...students.map(({ name }) => `${name}/`)];
}

/** Folders of the last student: its weights, or its adapter and the base that it stands on; and both as one model. */
async function studentsOf(
  store: ArtifactStore,
  record: RunRecord,
  { student, merge }: ExportOptions,
): Promise<{ readonly name: StudentFolder; readonly ref: ArtifactRef }[]> {
  const last = record.iterations.at(-1)?.student ?? record.prepared.base;
  const { base, adapter } = last;
  const parts =
    adapter === undefined
      ? [{ name: 'student' as const, ref: base }]
      : [
          { name: 'student-base' as const, ref: base },
          { name: 'student-adapter' as const, ref: adapter },
        ];
  return [
    ...(student ? parts : []),
    ...(merge === null ? [] : [{ name: 'student-merged' as const, ref: await merge(store, last) }]),
  ];
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
