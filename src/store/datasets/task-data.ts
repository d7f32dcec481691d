import { join } from 'node:path';
import type { RunConfig } from '../../core/config/schema';
import { taskOf } from '../../core/tasks';
import type { FileRow, FileSource, PublishedFile, Task, TaskData } from '../../core/tasks/task';
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

/**
 * Pool and test sets of a run, made or read from files, and checked: all problems come at once, each with its file and
 * line. `null` where published files are absent and shall be left so.
 * @throws TutelageError `usage` with every problem of the data; what `download` throws
 */
export async function loadTaskData(
  config: Pick<RunConfig, 'task' | 'seed'>,
  options: TaskDataOptions,
): Promise<TaskData | null> {
  const task = taskOf(config.task);
  if (task.files === null) {
    return madeData(() => task.makeData(config.seed));
  }
  const paths = await Promise.all([pathOf(task.files.train, options), pathOf(task.files.test, options)]);
  const [trainPath, testPath] = paths;
  if (trainPath == null || testPath == null) {
    return null;
  }
  const train = await readRows(task, trainPath);
  const test = await readRows(task, testPath);
  const shared = meetings(task, train, test);
  const problems = [
    ...('path' in task.files.train ? train.problems : []),
    ...('path' in task.files.test ? test.problems : []),
    ...('path' in task.files.train || 'path' in task.files.test ? shared.problems : []),
  ];
  if (problems.length > 0) {
    throw dataError(problems);
  }
  // Of published files nobody can mend anything: what is doubled, unreadable or a test question is left out of the pool.
  const pool = train.rows.filter(({ line }) => !shared.seedLines.has(line));
  const rows = { train: pool.map(({ row }) => row), test: test.rows.map(({ row }) => row) };
  return madeData(() => task.makeData(config.seed, rows));
}

interface Rows {
  readonly file: string;
  readonly rows: readonly { readonly line: number; readonly row: FileRow }[];
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

async function readRows(task: Task, file: string): Promise<Rows> {
  const { records, problems } = await readDataFile(file);
  const rows: { line: number; row: FileRow }[] = [];
  const broken: DataProblem[] = [...problems];
  for (const { line, record } of records) {
    const read = task.files?.readRecord(record);
    if (read?.ok === false) {
      broken.push({ file, line, message: read.reason });
    } else if (read?.ok === true && read.row !== null) {
      rows.push({ line, row: read.row });
    }
  }
  if (records.length > 0 && rows.length === 0 && broken.length === 0) {
    broken.push({ file, line: null, message: 'no row is left: none is of the levels that task.levels wants' });
  }
  const { once, doubled } = withoutDuplicates(task, file, rows);
  return { file, rows: once, problems: [...broken, ...doubled] };
}

/** A question that comes twice is counted twice; the first one stays. */
function withoutDuplicates(task: Task, file: string, rows: Rows['rows']) {
  const first = new Map<string, number>();
  const doubled: DataProblem[] = [];
  const once = rows.filter(({ line, row }) => {
    const form = task.canonical(row.question);
    const earlier = first.get(form);
    if (earlier !== undefined) {
      doubled.push({ file, line, message: `the same question as in line ${earlier}` });
      return false;
    }
    first.set(form, line);
    return true;
  });
  return { once, doubled };
}

/** Test questions that stand in the pool too: a student that learns them is not tested by them. */
function meetings(task: Task, train: Rows, test: Rows) {
  const inPool = new Map(train.rows.map(({ line, row }) => [task.canonical(row.question), line]));
  const problems: DataProblem[] = [];
  const seedLines = new Set<number>();
  for (const { line, row } of test.rows) {
    const seed = inPool.get(task.canonical(row.question));
    if (seed !== undefined) {
      seedLines.add(seed);
      problems.push({ file: test.file, line, message: `this test question is a seed too, in ${train.file}:${seed}` });
    }
  }
  return { problems, seedLines };
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
