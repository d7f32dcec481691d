import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { RunConfig } from '../../core/config/schema';
import type { Seed } from '../../core/records';
import { taskOf } from '../../core/tasks';
import { drawnPlaces, seedOf } from '../../core/tasks/file-data';
import type { FileRow, FileSource, PublishedFile, Task, TaskData, TaskFiles } from '../../core/tasks/task';
import type { Records } from '../artifacts/tables';
import { type DataProblem, dataError } from './data-problems';
import { download, isWhole } from './download';
import { readDataFile } from './read-data-file';

export interface TaskDataOptions {
  /** Where published files are kept: `<workspace>/datasets`. */
  readonly datasets: string;
  /** Published files that are not there: `fetch` brings them, `leave` gives no data. */
  readonly absent: 'fetch' | 'leave';
  readonly signal?: AbortSignal;
}

/** Pool and named test sets. The pool may be larger than memory, and is read or made anew each time it is walked. */
export interface LoadedData {
  readonly pool: Records<Seed>;
  readonly tests: TaskData['tests'];
}

/**
 * Pool and test sets of a run, made or read from files, and checked: all problems come at once, each with its file and
 * line. `null` where published files are absent and shall be left so.
 * @throws TutelageError `usage` with every problem of the data; what `download` throws
 */
export async function loadTaskData(
  config: Pick<RunConfig, 'task' | 'seed'>,
  options: TaskDataOptions,
): Promise<LoadedData | null> {
  const task = taskOf(config.task);
  const { files } = task;
  if (files === null) {
    return madeData(() => task.makeData(config.seed));
  }
  const paths = await Promise.all([pathOf(files.train, options), pathOf(files.test, options)]);
  const [trainPath, testPath] = paths;
  if (trainPath == null || testPath == null) {
    return null;
  }
  const train = await lookThrough(task, files, trainPath);
  const test = await lookThrough(task, files, testPath);
  const shared = meetings(train, test);
  const problems = [
    ...('path' in files.train ? train.problems : []),
    ...('path' in files.test ? test.problems : []),
    ...('path' in files.train || 'path' in files.test ? shared.problems : []),
  ];
  if (problems.length > 0) {
    throw dataError(problems);
  }
  // Of published files nobody can mend anything: what is doubled, unreadable or a test question is left out of the pool.
  const without = new Set([...train.doubled, ...shared.seedLines]);
  const pool = { file: trainPath, without, count: train.lines.size - shared.seedLines.size };
  const { sizes } = files;
  return {
    pool: { [Symbol.asyncIterator]: () => seedsOf('pool', files, pool, { size: sizes.pool, seed: config.seed }) },
    tests: {
      test: await listOf(
        seedsOf(
          'test',
          files,
          { file: testPath, without: test.doubled, count: test.lines.size },
          { size: sizes.test, seed: config.seed },
        ),
      ),
    },
  };
}

/** A file that was looked through. Of its rows only their places are held. */
interface LookedThrough {
  readonly file: string;
  /** Form of a question -> the first line that has it. */
  readonly lines: ReadonlyMap<string, number>;
  /** Lines with a question that stood before. */
  readonly doubled: ReadonlySet<number>;
  readonly problems: readonly DataProblem[];
}

async function pathOf(source: FileSource, { datasets, absent, signal }: TaskDataOptions): Promise<string | null> {
  if ('path' in source) {
    return source.path;
  }
  const path = join(datasets, source.published.name);
  if (absent === 'leave') {
    return (await isWhole(source.published, path)) ? path : null;
  }
  await download(source.published, path, signal);
  return path;
}

async function lookThrough(task: Task, files: TaskFiles, file: string): Promise<LookedThrough> {
  const lines = new Map<string, number>();
  const doubled = new Map<number, number>();
  const unreadable: DataProblem[] = [];
  const broken: DataProblem[] = [];
  let records = 0;
  for await (const found of readDataFile(file)) {
    if ('problem' in found) {
      unreadable.push({ file, line: found.line, message: found.problem });
      continue;
    }
    records += 1;
    const { line, record } = found;
    const read = files.readRecord(record);
    if (!read.ok) {
      broken.push({ file, line, message: read.reason });
    } else if (read.row !== null) {
      const form = keyOf(task.canonical(read.row.question));
      const earlier = lines.get(form);
      if (earlier === undefined) {
        lines.set(form, line);
      } else {
        doubled.set(line, earlier);
      }
    }
  }
  const problems = [...unreadable, ...broken];
  if (records > 0 && lines.size === 0 && problems.length === 0) {
    problems.push({ file, line: null, message: 'no row is left: none is of the levels that task.levels wants' });
  }
  // A question that comes twice is counted twice; the first one stays.
  const twice = [...doubled].map(([line, earlier]) => ({
    file,
    line,
    message: `the same question as in line ${earlier}`,
  }));
  return { file, lines, doubled: new Set(doubled.keys()), problems: [...problems, ...twice] };
}

/** Sixteen bytes for a text of any length: a million of them are held where a million texts are not. */
const keyOf = (text: string) => createHash('sha256').update(text).digest().toString('latin1', 0, 16);

/** Test questions that stand in the pool too: a student that learns them is not tested by them. */
function meetings(train: LookedThrough, test: LookedThrough) {
  const problems: DataProblem[] = [];
  const seedLines = new Set<number>();
  for (const [form, line] of test.lines) {
    const seed = train.lines.get(form);
    if (seed !== undefined) {
      seedLines.add(seed);
      problems.push({ file: test.file, line, message: `this test question is a seed too, in ${train.file}:${seed}` });
    }
  }
  return { problems, seedLines };
}

interface CheckedRows {
  readonly file: string;
  /** Lines that are left out. */
  readonly without: ReadonlySet<number>;
  readonly count: number;
}

/** The whole file as it stands passes by; of a part that is drawn the rows are held, since their order is drawn too. */
async function* seedsOf(
  set: 'pool' | 'test',
  files: TaskFiles,
  rows: CheckedRows,
  { size, seed }: { readonly size: number | undefined; readonly seed: number },
): AsyncGenerator<Seed> {
  const drawn = drawnPlaces(set, rows.count, size, seed);
  const ranks = drawn && new Map(drawn.map((place, rank) => [place, rank]));
  const held: Seed[] = [];
  let place = 0;
  for await (const row of rowsOf(files, rows)) {
    const rank = ranks?.get(place);
    if (ranks === null) {
      yield seedOf(set, place, row);
    } else if (rank !== undefined) {
      held[rank] = seedOf(set, place, row);
    }
    place += 1;
  }
  if (place !== rows.count) {
    const message = `has ${place} rows, and had ${rows.count} a moment ago: it was changed while it was read`;
    throw dataError([{ file: rows.file, line: null, message }]);
  }
  yield* held;
}

async function* rowsOf({ readRecord }: TaskFiles, { file, without }: CheckedRows): AsyncGenerator<FileRow> {
  for await (const found of readDataFile(file)) {
    const read = 'record' in found && !without.has(found.line) ? readRecord(found.record) : null;
    if (read?.ok === true && read.row !== null) {
      yield read.row;
    }
  }
}

/** Options that the data cannot meet are the user's to change. */
function madeData(make: () => TaskData): TaskData {
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
