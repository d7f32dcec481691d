import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunConfig } from '../../core/config/schema';
import { stableHash } from '../../core/random';
import type { Seed } from '../../core/records';
import { drawnIndexes, seedOf } from '../../core/tasks/file-data';
import { taskOf } from '../../core/tasks/registry';
import type { FileSource, PublishedFile, SharedFile, Task, TaskData, TaskFiles } from '../../core/tasks/task';
import type { Records } from '../artifacts/tables';
import { dataFilesAt } from './data-files';
import { type DataProblem, dataError } from './data-problems';
import { download, isWhole } from './download';
import { withExamples } from './few-shot';
import { readDataFile } from './read-data-file';

export interface TaskDataOptions {
  /** Where published files are kept: `<workspace>/datasets`. */
  readonly datasets: string;
  /** Published files that are absent: `fetch` downloads them, `leave` gives no data. */
  readonly absent: 'fetch' | 'leave';
  readonly signal?: AbortSignal;
}

/** Pool and named test sets. The pool may be larger than memory; it is read or generated again each time it is iterated. */
export interface LoadedData {
  readonly pool: Records<Seed>;
  readonly tests: TaskData['tests'];
  /** Rows that were left out, where the task allows that: reason -> number of rows. */
  readonly skipped?: ReadonlyMap<string, number>;
}

/**
 * Pool and test sets of a run, generated or read from files, and checked: all problems come at once, each with its file
 * and line. `null` where published files are absent and not to be fetched.
 * @throws TutelageError `usage` with every problem of the data; what `download` throws
 */
export async function loadTaskData(
  config: Pick<RunConfig, 'task' | 'seed'>,
  options: TaskDataOptions,
): Promise<LoadedData | null> {
  const task = taskOf(config.task);
  const { files } = task;
  if (files === null) {
    return generatedData(() => task.makeData(config.seed));
  }
  const source = await sourcesOf(files, options);
  return source === null ? null : dataOfFiles(task, files, source, config.seed);
}

/** The rows of one set, by their positions among all rows of its files. */
interface CheckedSet {
  readonly files: readonly string[];
  readonly positions: ReadonlySet<number>;
}

async function dataOfFiles(task: Task, files: TaskFiles, source: Sources, seed: number): Promise<LoadedData> {
  const train = await scan(task, files, source.train);
  const test = 'share' in files.test ? sharedPart(train, files.test) : await scan(task, files, source.test);
  const overlap = 'share' in files.test ? { problems: [], positions: new Set<number>() } : overlapOf(train, test);
  // Nobody can correct published files: their repeated, unreadable and leaking rows are left out of the pool.
  const isOwn = (set: FileSource | SharedFile) => 'path' in set;
  const own = isOwn(files.train) || isOwn(files.test);
  const problems = [
    ...source.problems,
    ...(isOwn(files.train) ? train.problems : []),
    ...(isOwn(files.test) ? test.problems : []),
    ...(own ? overlap.problems : []),
  ];
  const fatal = files.onBadRows === 'skip' ? problems.filter(({ line }) => line === null) : problems;
  const inTest = 'share' in files.test ? new Set([...test.rows.values()].map(({ position }) => position)) : null;
  const pool = [...train.rows.values()]
    .map(({ position }) => position)
    .filter((position) => !overlap.positions.has(position) && inTest?.has(position) !== true);
  const tested = [...test.rows.values()].map(({ position }) => position);
  if (fatal.length === 0) {
    fatal.push(...emptySets(pool, tested, files));
  }
  if (fatal.length > 0) {
    throw dataError(fatal, new Map([...train.counts, ...test.counts]));
  }
  const { sizes } = files;
  const poolSet: CheckedSet = { files: source.train, positions: new Set(pool) };
  const testSet: CheckedSet = { files: inTest === null ? source.test : source.train, positions: new Set(tested) };
  const seeds = { [Symbol.asyncIterator]: () => seedsOf('pool', files, poolSet, { size: sizes.pool, seed }) };
  return {
    pool: files.examples === undefined ? seeds : withExamples(seeds, files.examples, seed),
    tests: { test: await listOf(seedsOf('test', files, testSet, { size: sizes.test, seed })) },
    ...(files.onBadRows === 'skip' ? { skipped: countByReason(problems) } : {}),
  };
}

interface Sources {
  readonly train: readonly string[];
  /** Empty where the test set is a part of the training file. */
  readonly test: readonly string[];
  /** Paths that name no file. */
  readonly problems: readonly DataProblem[];
}

/** The files of both sets; `null` where published ones are absent. */
async function sourcesOf({ train, test }: TaskFiles, options: TaskDataOptions): Promise<Sources | null> {
  const problems: DataProblem[] = [];
  const filesOf = async (source: FileSource | SharedFile): Promise<readonly string[] | null> => {
    if ('share' in source) {
      return [];
    }
    if ('published' in source) {
      const path = await publishedPath(source.published, options);
      return path === null ? null : [path];
    }
    const found = await dataFilesAt(source.path, options.datasets);
    if ('problem' in found) {
      problems.push({ file: source.path, line: null, message: found.problem });
      return [];
    }
    return found;
  };
  const [trainFiles, testFiles] = [await filesOf(train), await filesOf(test)];
  return trainFiles === null || testFiles === null ? null : { train: trainFiles, test: testFiles, problems };
}

async function publishedPath(
  file: PublishedFile,
  { datasets, absent, signal }: TaskDataOptions,
): Promise<string | null> {
  const path = join(datasets, file.name);
  if (absent === 'leave') {
    return (await isWhole(file, path)) ? path : null;
  }
  await download(file, path, signal);
  return path;
}

interface FoundRow {
  readonly file: string;
  readonly line: number;
  /** Among all rows of the files, from 0. */
  readonly position: number;
}

/** The usable rows of some files. Only their positions are kept in memory. */
interface Scan {
  /** Form of a question -> the first row that has it. */
  readonly rows: ReadonlyMap<string, FoundRow>;
  readonly problems: readonly DataProblem[];
  /** File -> number of its rows. */
  readonly counts: ReadonlyMap<string, number>;
}

async function scan(task: Task, files: TaskFiles, paths: readonly string[]): Promise<Scan> {
  const rows = new Map<string, FoundRow>();
  const counts = new Map<string, number>();
  const unreadable: DataProblem[] = [];
  const broken: DataProblem[] = [];
  const repeated: DataProblem[] = [];
  let unwanted = 0;
  for await (const { file, position, found } of allRows(paths)) {
    counts.set(file, (counts.get(file) ?? 0) + 1);
    if ('problem' in found) {
      unreadable.push({ file, line: found.line, message: found.problem });
      continue;
    }
    const { line, record } = found;
    const read = files.readRecord(record);
    if (!read.ok) {
      broken.push({ file, line, message: read.reason, kind: read.kind ?? withoutQuotation(read.reason) });
    } else if (read.row === null) {
      unwanted += 1;
    } else {
      const form = keyOf(task.canonical(read.row.question));
      const earlier = rows.get(form);
      if (earlier === undefined) {
        rows.set(form, { file, line, position });
      } else {
        const where = earlier.file === file ? `line ${earlier.line}` : `${earlier.file}:${earlier.line}`;
        repeated.push({ file, line, message: `the same question as in ${where}`, kind: 'repeated' });
      }
    }
  }
  const problems = [...unreadable, ...broken, ...repeated];
  if (unwanted > 0 && rows.size === 0 && problems.length === 0) {
    const message = 'no row is left: none has a level that task.levels names';
    problems.push({ file: paths.join(', '), line: null, message });
  }
  return { rows, problems, counts };
}

async function* allRows(paths: readonly string[]) {
  let position = 0;
  for (const file of paths) {
    for await (const found of readDataFile(file)) {
      yield { file, position, found };
      position += 1;
    }
  }
}

/** Problems that differ in the text they cite at their end are of one kind. */
const withoutQuotation = (reason: string) => reason.replace(/"(?:[^"\\]|\\.)*"$/, '');

/** Sixteen bytes for a text of any length, so that the forms of a million questions fit in memory. */
const keyOf = (text: string) => createHash('sha256').update(text).digest().toString('latin1', 0, 16);

/** The part of the training file that is the test set. Its problems are those of the training file. */
function sharedPart({ rows }: Scan, { share, seed }: SharedFile): Scan {
  const isTest = (form: string) => stableHash('test-share', seed, form) < share * 2 ** 53;
  return { rows: new Map([...rows].filter(([form]) => isTest(form))), problems: [], counts: new Map() };
}

/** Test questions that are in the pool too: a student trained on them is not tested by them. */
function overlapOf(train: Scan, test: Scan) {
  const problems: DataProblem[] = [];
  const positions = new Set<number>();
  for (const [form, { file, line }] of test.rows) {
    const seed = train.rows.get(form);
    if (seed !== undefined) {
      positions.add(seed.position);
      const message = `this test question is also a seed, in ${seed.file}:${seed.line}`;
      problems.push({ file, line, message, kind: 'overlap' });
    }
  }
  return { problems, positions };
}

function emptySets(pool: readonly number[], test: readonly number[], files: TaskFiles): DataProblem[] {
  const named = (source: FileSource | SharedFile) => ('path' in source ? source.path : 'the training file');
  const empty = (file: string, what: string) => ({ file, line: null, message: `no ${what} is left` });
  return [
    ...(pool.length === 0 ? [empty(named(files.train), 'seed question')] : []),
    ...(test.length === 0 ? [empty(named(files.test), 'test question')] : []),
  ];
}

function countByReason(problems: readonly DataProblem[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, message } of problems) {
    const reason =
      kind === 'repeated' ? 'the same question twice' : kind === 'overlap' ? 'also a test question' : (kind ?? message);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

/** A whole set is streamed; of a set that is drawn, the rows are kept in memory, since their order is drawn too. */
async function* seedsOf(
  set: 'pool' | 'test',
  files: TaskFiles,
  { files: paths, positions }: CheckedSet,
  { size, seed }: { readonly size: number | undefined; readonly seed: number },
): AsyncGenerator<Seed> {
  const drawn = drawnIndexes(set, positions.size, size, seed);
  const ranks = drawn && new Map(drawn.map((index, rank) => [index, rank]));
  const kept: Seed[] = [];
  let index = 0;
  for await (const { position, found } of allRows(paths)) {
    const read = positions.has(position) && 'record' in found ? files.readRecord(found.record) : null;
    if (read?.ok !== true || read.row === null) {
      continue;
    }
    const rank = ranks?.get(index);
    if (ranks === null) {
      yield seedOf(set, index, read.row);
    } else if (rank !== undefined) {
      kept[rank] = seedOf(set, index, read.row);
    }
    index += 1;
  }
  if (index !== positions.size) {
    const message = `has ${index} rows now and had ${positions.size} when it was checked: it changed while it was read`;
    throw dataError([{ file: paths.join(', '), line: null, message }]);
  }
  yield* kept;
}

/** Options that the data cannot meet are the user's to change. */
function generatedData(make: () => TaskData): TaskData {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) {
      throw dataError([{ file: 'task', line: null, message: error.message }]);
    }
    throw error;
  }
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) {
    list.push(item);
  }
  return list;
}

/** The published files that a task would download. */
export async function absentFiles(config: Pick<RunConfig, 'task'>, datasets: string): Promise<PublishedFile[]> {
  const sources = taskOf(config.task).files;
  const absent: PublishedFile[] = [];
  for (const source of sources === null ? [] : [sources.train, sources.test]) {
    if ('published' in source && !(await isWhole(source.published, join(datasets, source.published.name)))) {
      absent.push(source.published);
    }
  }
  return absent;
}
