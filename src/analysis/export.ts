import { join } from 'node:path';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import type { RunRecord } from '../core/run-record';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { ledgerLocation } from '../store/ledger/location';
import { readPrices } from '../store/ledger/prices';
import { writeFileAtomically } from '../store/workspace';
import { columnsOf, rowColumns } from './data/columns';
import { loadRows, storeOf } from './data/load-rows';
import { parquetFile } from './data/parquet';
import type { RowLine } from './data/row-line';
import { datasetCard } from './dataset-card';
import { exportStudents, studentsOf } from './export-student';
import { loadRun } from './load';

export interface ExportOptions {
  /** Root of the workspace. */
  readonly workspace: string;
  readonly run: string;
  /** Folder to create. */
  readonly to: string;
  /** Also write alpaca.jsonl. */
  readonly alpaca: boolean;
  /** Also copy the last student. */
  readonly student: boolean;
  /** Merges the last student's adapter into its base, to be copied too. */
  readonly merge: ((store: ArtifactStore, student: ModelRef) => Promise<ArtifactRef>) | null;
}

/**
 * Writes the rows of a run as a training dataset: accepted rows as chat messages and as prompt and completion, all picks
 * as Parquet, and a dataset card.
 *
 * @returns the files, relative to the folder
 * @throws TutelageError `usage` if the run has no rows
 */
export async function exportRun(options: ExportOptions): Promise<string[]> {
  const { workspace, run, to } = options;
  const record = await loadRun(workspace, run);
  if (record === null || record.iterations.length === 0) {
    throw new TutelageError(
      'usage',
      `${run} has no rows in ${workspace}`,
      'choose a run that has finished an iteration',
    );
  }
  const store = storeOf(workspace);
  const prices = await readPrices(ledgerLocation(workspace), [record.run]);
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
  await exportStudents(store, { record, students, to });
  return [...Object.keys(files), ...students.map(({ name }) => `${name}/`)];
}

const promptOf = (record: RunRecord, line: RowLine) => taskOf(record.config.task).studentPrompt(line.question ?? '');

const messages = (record: RunRecord, line: RowLine) => {
  const prompt = promptOf(record, line);
  const turns = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  return { messages: [...turns, { role: 'assistant', content: line.answer ?? '' }] };
};

/** A conversation has both parts as lists of turns, the conversational form of trainers. */
const completion = (record: RunRecord, line: RowLine) => {
  const prompt = promptOf(record, line);
  const answer = line.answer ?? '';
  return {
    prompt,
    completion: typeof prompt === 'string' ? answer : [{ role: 'assistant', content: answer }],
  };
};

const alpaca = (line: RowLine) => ({ instruction: line.question ?? '', input: '', output: line.answer ?? '' });

const origin = ({ id, parent, iteration, score }: RowLine) => ({ id, seed: parent, iteration, score });

const jsonLines = (records: readonly object[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');
