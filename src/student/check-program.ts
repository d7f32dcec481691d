import type { ChildProcess } from 'node:child_process';
import { TutelageError } from '../core/errors';
import type { AnswerGrade } from '../core/records';
import { secretsOf } from '../core/secrets';
import type { CheckProgram, ProgramAnswer } from '../core/tasks/task';
import { inputOf, spawnGuarded } from '../processes/guarded-process';

/** A program that ends this often, without having graded a single answer, does not work at all. */
const USELESS_STARTS_MAX = 2;
/** A line of a program may have this many characters; a longer one is none. */
const LINE_CHARACTERS_MAX = 100_000;
const STDERR_CHARACTERS_MAX = 2000;
const REASON_CHARACTERS_MAX = 300;

/**
 * Grades answers by a user's program: JSON lines in, JSON lines out, one answer at a time. The program is started once. If
 * it crashes, runs out of time or writes nonsense, that answer alone has no grade, and the next one gets a new process.
 * @throws TutelageError `teacher-refused` when it cannot be started or grades nothing: the run pauses
 * @throws the signal's reason
 */
export async function gradeByProgram(
  program: CheckProgram,
  answers: readonly ProgramAnswer[],
  signal: AbortSignal,
): Promise<AnswerGrade[]> {
  const grader = new ProgramGrader(program);
  const grades: AnswerGrade[] = [];
  try {
    for (const answer of answers) {
      const grade = await grader.grade(answer, signal);
      const { graded, starts } = grader;
      if (grade.state === 'ungraded' && graded === 0 && starts >= Math.min(USELESS_STARTS_MAX, answers.length)) {
        throw uselessProgram(program, grade.reason ?? '');
      }
      grades.push(grade);
    }
    return grades;
  } finally {
    await grader.end();
  }
}

/** Asks the program about one answer after another, in one process as long as that lives. */
export class ProgramGrader {
  /** Answers that it graded. */
  graded = 0;
  starts = 0;
  private running: RunningProgram | null = null;
  private asked = 0;

  constructor(private readonly program: CheckProgram) {}

  /**
   * One answer at a time: the next is asked about when this one has its grade.
   * @throws the signal's reason
   */
  async grade(answer: ProgramAnswer, signal: AbortSignal): Promise<AnswerGrade> {
    signal.throwIfAborted();
    if (answer.answer.trim() === '') {
      return { state: 'unasked', mark: null };
    }
    if (this.running === null) {
      this.running = new RunningProgram(this.program);
      this.starts += 1;
    }
    const id = String(this.asked);
    this.asked += 1;
    const reply = await this.running.ask({ id, ...answer }, signal);
    signal.throwIfAborted();
    if ('failure' in reply) {
      await this.end();
      return { state: 'ungraded', mark: null, reason: `the program of task.command ${reply.failure}` };
    }
    this.graded += 1;
    return reply;
  }

  /** Ends the process, if there is one. The next answer gets a new one. */
  async end(): Promise<void> {
    const { running } = this;
    this.running = null;
    await running?.end();
  }
}

/** JSON that every reader takes for one line: Python and Node also end a line at U+0085, U+2028 and U+2029. */
const jsonLine = (value: unknown) =>
  JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const uselessProgram = ({ command, folder }: CheckProgram, failure: string) =>
  new TutelageError(
    'teacher-refused',
    `${failure}, and graded no answer: ${JSON.stringify(command)} in ${folder}`,
    'it reads a JSON line for each answer and writes one, {"id": ..., "correct": true}; correct it, then resume',
  );

type Reply = AnswerGrade | { readonly failure: string };

/** One process of the program, which answers one question at a time. */
class RunningProgram {
  private readonly child: ChildProcess;
  /** How it ended, in words. */
  private readonly ended: Promise<string>;
  private readonly lines: AsyncIterator<string>;
  private errors = '';

  constructor(private readonly program: CheckProgram) {
    const { command, folder, memoryMiBMax } = program;
    // The limit holds for the program and all that it starts.
    const limited = ['-c', `ulimit -v ${memoryMiBMax * 1024} 2>/dev/null; exec "$@"`, 'limited', ...command];
    this.child = spawnGuarded('/bin/sh', limited, {
      ...{ lifeline: 'pipe', input: 'pipe', stdout: 'pipe', stderr: 'pipe', cwd: folder },
      env: withoutCredentials(process.env),
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.errors = (this.errors + data.toString()).slice(-STDERR_CHARACTERS_MAX);
    });
    this.lines = this.heardLines();
    this.ended = new Promise((resolve) => {
      this.child.on('error', (error) => resolve(`cannot be started: ${error.message}`));
      this.child.on('exit', (code, by) => resolve(by === null ? `ended with status ${code}` : `was ended by ${by}`));
    });
    // A program that ends while it is written to says so by its end.
    inputOf(this.child)?.on('error', () => {});
  }

  async ask(question: ProgramAnswer & { readonly id: string }, signal: AbortSignal): Promise<Reply> {
    const { secondsMax } = this.program;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Reply>((resolve) => {
      timer = setTimeout(() => resolve(failed(`took longer than ${secondsMax} seconds`)), secondsMax * 1000);
    });
    let stop = () => {};
    const stopped = new Promise<Reply>((resolve) => {
      stop = () => resolve(failed('was stopped'));
      signal.addEventListener('abort', stop);
    });
    inputOf(this.child)?.write(`${jsonLine(question)}\n`);
    try {
      return await Promise.race([this.reply(question.id), late, stopped]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  /** Ends the program and all that it started. */
  async end(): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined && this.child.exitCode === null && this.child.signalCode === null) {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    }
    await this.ended;
  }

  private async reply(id: string): Promise<Reply> {
    const { value, done } = await this.lines.next();
    if (done !== true) {
      return value.length > LINE_CHARACTERS_MAX ? failed('wrote an endless line') : readGrade(value, id);
    }
    const how = await this.ended;
    const [said = ''] = this.errors.trim().split('\n').slice(-1);
    return failed(said === '' ? how : `${how}: ${said.slice(0, 300)}`);
  }

  private async *heardLines(): AsyncGenerator<string> {
    let rest = '';
    for await (const data of this.child.stdout ?? []) {
      rest += (data as Buffer).toString('utf8');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line.trim() !== '');
      if (rest.length > LINE_CHARACTERS_MAX) {
        yield rest;
        return;
      }
    }
    if (rest.trim() !== '') {
      yield rest;
    }
  }
}

const failed = (failure: string): Reply => ({ failure });

/** What a line says of the answer: `{"id": ..., "correct": true}` or `{"id": ..., "score": 0.5}`, with a reason if there is one. */
function readGrade(line: string, id: string): Reply {
  const said = parsed(line);
  if (said === null) {
    return failed(`wrote a line that is not a JSON object: ${JSON.stringify(line.slice(0, 100))}`);
  }
  if (said.id !== undefined && String(said.id) !== id) {
    return failed(`answered for id ${JSON.stringify(said.id)} where ${id} was asked`);
  }
  const reason = typeof said.reason === 'string' ? { reason: said.reason.slice(0, REASON_CHARACTERS_MAX) } : {};
  if (typeof said.correct === 'boolean' && said.score === undefined) {
    return { state: 'graded', mark: Number(said.correct), ...reason };
  }
  const { score } = said;
  return typeof score === 'number' && score >= 0 && score <= 1
    ? { state: 'graded', mark: score, isScore: true, ...reason }
    : failed(`wrote neither correct: true or false nor a score from 0 to 1: ${JSON.stringify(line.slice(0, 100))}`);
}

function parsed(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

/** The program may run what a student wrote: it gets none of the environment's secrets. */
function withoutCredentials(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { names } = secretsOf(environment);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.has(name)));
}
