import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import { formatProblems } from '../core/config';
import { parseTask } from '../core/config/parse-task';
import type { TaskConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import type { Seed, VerdictState } from '../core/records';
import { gradedVerdict } from '../core/tasks/graded-verdict';
import { configuredTask, taskOf } from '../core/tasks/registry';
import { settleVerdict } from '../core/tasks/settle-verdict';
import { type CheckProgram, quote, type Task, unmeasured, type Verdict } from '../core/tasks/task';
import { ensurePython } from '../setup/python';
import { openArtifactStore } from '../store/artifacts/artifact-store';
import { type DataProblem, dataError } from '../store/datasets/data-problems';
import { readDataFile } from '../store/datasets/read-data-file';
import { loadTaskData } from '../store/datasets/task-data';
import { openWorkspace } from '../store/workspace';
import { gradeByProgram } from '../student/check-program';
import { openStudents } from '../workers/students';
import { exitCodes } from './exit-codes';

/** `tutelage grade FILE --answers ANSWERS`: the verdicts that a run of the file would give, one JSON line for each answer. */
export async function gradeCommand(
  file: string,
  options: { readonly answers: string; readonly set: readonly string[] },
): Promise<number> {
  const { task: config, seed } = await readTask(file, options.set);
  const task = taskOf(config);
  if (task.grader?.kind === 'judge') {
    throw new TutelageError(
      'usage',
      `${file}: task.check: judge asks a paid model for each answer, and grade buys nothing`,
      'only a run asks the judge, under the caps of its budget: use tutelage run, or grade by another check, such as --set task.check=text --set task.judge=null',
    );
  }
  const given = await readAnswers(options.answers);
  const needsTestSet = given.some(({ reference }) => reference === null);
  const tests = needsTestSet ? await readTests(config, seed) : [];
  const pairs = given.map((answer) => paired(answer, tests, task));
  const checked = pairs.map((pair) => verdictOn(task, pair));
  const verdicts =
    task.grader?.kind === 'command'
      ? await gradedByProgram(task, task.grader.program, pairs, checked)
      : await withSecondOpinions(task, pairs, checked);
  process.stdout.write(verdicts.map((verdict) => `${JSON.stringify(lineOf(verdict))}\n`).join(''));
  process.stderr.write(`${tallyLine(verdicts)}\n`);
  return exitCodes.done;
}

async function readTask(file: string, sets: readonly string[]): Promise<{ task: TaskConfig; seed: number }> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const message = cause.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${cause.message}`;
    throw new TutelageError('usage', message, 'name a configuration whose task the answers are for', { cause });
  });
  const parsed = parseTask({ text, file, sets });
  if (!parsed.ok) {
    throw new TutelageError('usage', formatProblems(parsed.problems));
  }
  return { ...parsed, task: configuredTask(parsed.task).withPaths((path) => resolve(dirname(file), path)) };
}

/** One line of the answers. */
interface GivenAnswer {
  readonly id: string | null;
  readonly question: string | null;
  /** `null` where the test set has to say it. */
  readonly reference: string | null;
  readonly answer: string;
}

async function readAnswers(file: string): Promise<GivenAnswer[]> {
  const answers: GivenAnswer[] = [];
  const problems: DataProblem[] = [];
  for await (const found of readDataFile(file)) {
    const read = 'problem' in found ? found.problem : givenAnswer(found.record);
    if (typeof read === 'string') {
      problems.push({ file, line: found.line, message: read });
    } else {
      answers.push(read);
    }
  }
  if (problems.length > 0) {
    throw dataError(problems);
  }
  return answers;
}

/** A line as it is meant, or what is wrong with it. */
function givenAnswer(record: Readonly<Record<string, unknown>>): GivenAnswer | string {
  const [id, question, reference] = (['id', 'question', 'reference'] as const).map((key) => textOf(record[key]));
  if (!('answer' in record)) {
    return `there is no "answer"; there are ${Object.keys(record).join(', ') || 'no keys'}`;
  }
  // A model that said nothing has answered nothing.
  const answer = record.answer === null ? '' : textOf(record.answer);
  if (answer === null) {
    return '"answer" is neither a text nor a number';
  }
  if (id === null && question === null && reference === null) {
    return 'expected "id", or "question" and "reference", beside "answer"';
  }
  return { id: id ?? null, question: question ?? null, reference: reference ?? null, answer };
}

const textOf = (value: unknown): string | null =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
      ? String(value)
      : null;

async function readTests(task: TaskConfig, seed: number): Promise<readonly Seed[]> {
  const { root } = await openWorkspace();
  const data = await loadTaskData({ task, seed }, { datasets: join(root, 'datasets'), absent: 'fetch' });
  return Object.values(data?.tests ?? {}).flat();
}

interface Pair {
  readonly question: string;
  /** `null` where nothing says it. */
  readonly reference: string | null;
  readonly answer: string;
  readonly problem: string;
}

function paired({ id, question, reference, answer }: GivenAnswer, tests: readonly Seed[], task: Task): Pair {
  if (reference !== null) {
    return { question: question ?? '', reference, answer, problem: '' };
  }
  const seed = tests.find((test) => (id === null ? isSame(task, test.question, question ?? '') : test.id === id));
  return {
    question: seed?.question ?? question ?? '',
    reference: seed?.answer ?? null,
    answer,
    problem:
      id === null
        ? `the test set has no such question: ${quote(question ?? '')}`
        : `the test set has no question ${id}`,
  };
}

/** Questions that the task itself cannot read are the same when their texts are. */
function isSame(task: Task, one: string, other: string): boolean {
  try {
    return one === other || task.canonical(one) === task.canonical(other);
  } catch {
    return false;
  }
}

function verdictOn(task: Task, { question, reference, answer, problem }: Pair): Verdict {
  if (reference === null) {
    return unmeasured(problem);
  }
  try {
    return task.check(question, reference, answer);
  } catch (error) {
    return unmeasured(`the task cannot read the question: ${(error as Error).message}`);
  }
}

/** By the user's own program. */
async function gradedByProgram(
  task: Task,
  program: CheckProgram,
  pairs: readonly Pair[],
  verdicts: readonly Verdict[],
): Promise<Verdict[]> {
  const asked = pairs.flatMap((pair, index) => (pair.reference === null ? [] : [{ ...pair, index }]));
  const grades = await gradeByProgram(program, asked, new AbortController().signal);
  const graded = new Map(grades.map((grade, index) => [asked[index]?.index, grade]));
  return verdicts.map((verdict, index) => {
    const grade = graded.get(index);
    return (grade === undefined ? null : gradedVerdict(task, pairs[index]?.answer ?? '', grade)) ?? verdict;
  });
}

/** The engine settles what comparing forms leaves open; it is started only where there is something to settle. */
async function withSecondOpinions(
  task: Task,
  pairs: readonly Pair[],
  verdicts: readonly Verdict[],
): Promise<Verdict[]> {
  const open = verdicts.flatMap(({ state }, index) => {
    const { reference, answer } = pairs[index] ?? { reference: null, answer: '' };
    const formulas = state === 'wrong' && reference !== null ? task.secondOpinion?.pair(reference, answer) : null;
    return formulas == null ? [] : [{ id: String(index), ...formulas }];
  });
  if (task.secondOpinion === null || open.length === 0) {
    return [...verdicts];
  }
  const opinions = await askEngine(task.secondOpinion.op, open);
  return verdicts.map((verdict, index) => {
    const opinion = opinions.get(String(index));
    return opinion === undefined ? verdict : settleVerdict(verdict, opinion);
  });
}

/** In a workspace of its own, which is gone afterwards: what is graded here belongs to no run. */
async function askEngine(op: string, rows: readonly object[]): Promise<ReadonlyMap<string, string>> {
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`setting up: ${message}\n`) });
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-grade-'));
  try {
    const workspace = await openWorkspace(folder);
    const store = openArtifactStore(workspace.artifacts, workspace.checkouts);
    const students = openStudents(store, { python, workspace, slots: 1 });
    try {
      const inputs = { answers: [await store.putRecords('pairs', rows)] };
      const { outputs } = await students.run({ op, model: null, inputs, parameters: {}, threads: 1 });
      const states = await store.readRecords<{ id: string; state: string }>(outputs.verdicts as ArtifactRef);
      return new Map(states.map(({ id, state }) => [id, state]));
    } finally {
      await students.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** An unreadable answer scores 0, as in a run's accuracy; what is not measured has no score. */
const lineOf = ({ state, readAs, reason, score }: Verdict) => ({
  verdict: state,
  readAs,
  score: state === 'unmeasured' ? null : (score ?? Number(state === 'correct')),
  reason: reason ?? null,
});

const states: readonly VerdictState[] = ['correct', 'wrong', 'unreadable', 'unmeasured'];

function tallyLine(verdicts: readonly Verdict[]): string {
  const count = (wanted: VerdictState) => verdicts.filter(({ state }) => state === wanted).length;
  const measured = verdicts.length - count('unmeasured');
  const scores = verdicts
    .filter(({ state }) => state !== 'unmeasured')
    .map(({ score, correct }) => score ?? Number(correct));
  const measure = verdicts.some(({ score }) => score !== undefined) ? 'mean score' : 'accuracy';
  const mean = scores.reduce((sum, score) => sum + score, 0) / measured;
  const accuracy = measured === 0 ? '' : `; ${measure} ${mean.toFixed(3)}`;
  return `${verdicts.length} ${verdicts.length === 1 ? 'answer' : 'answers'}: ${states.map((state) => `${count(state)} ${state}`).join(', ')}${accuracy}`;
}
