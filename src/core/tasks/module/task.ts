import { TutelageError } from '../../errors';
import type { Seed } from '../../records';
import { drawnIndexes, plainText, seedOf } from '../file-data';
import { charactersMin } from '../jsonl/requests';
import { fill } from '../prompts';
import { parseQuestionText } from '../reading/question-text';
import {
  asRead,
  type ChatMessage,
  type FileRow,
  judged,
  type Parsed,
  quote,
  type StudentPrompt,
  type Task,
  type TaskData,
  unanswered,
  unmeasured,
  unreadableAnswer,
  type Verdict,
} from '../task';
import { isThenable, refuseOverlap, rowsOf } from './rows';
import type { ModuleOptions } from './schema';
import { type Called, type TaskModule, taskModuleAt } from './task-module';

/**
 * A task from outside: a module of the user's. It is loaded when one of its functions is first needed, so that a report can
 * be written where the module no longer exists.
 */
export function moduleTask(options: ModuleOptions): Task {
  const { kind, sha256, prompts } = options;
  let loaded: TaskModule | undefined;
  const module = () => {
    loaded ??= taskModuleAt(kind, sha256);
    return loaded;
  };
  const call = (name: Parameters<TaskModule['call']>[0], ...given: readonly unknown[]): Called =>
    module().call(name, ...given, options.options);
  const promptFor = (question: string): FoundPrompt =>
    module().has('prompt') ? promptOf(call('prompt', question)) : { prompt: fill(prompts.student, { question }) };
  const check = (question: string, reference: string, answer: string): Verdict =>
    answer.trim() === '' ? unanswered : verdictOf(call('check', question, reference, answer), answer);
  const system: ChatMessage[] = prompts.system === undefined ? [] : [{ role: 'system', content: prompts.system }];

  return {
    promptVersion: 1,
    alphabet: null,
    tinyReads: 'characters',
    files: null,
    get code() {
      return [module().path, ...module().files];
    },
    makeData: (seed) => dataOf(module(), options, seed, promptFor),
    studentPrompt: (question) => {
      const found = promptFor(question);
      if ('prompt' in found) {
        return found.prompt;
      }
      // Each question was tried before it was kept.
      throw new TutelageError('usage', `${kind}: ${found.reason}, for ${quote(question)}`, 'correct the module');
    },
    questionMessages: ({ question, answer }: Seed) => [
      ...system,
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
    answerMessages: (question) => [...system, { role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion: (text, parent) => {
      const read = module().has('readQuestion')
        ? textOf(call('readQuestion', text), 'readQuestion', 'question')
        : parseQuestionText(text, charactersMin(parent?.question ?? null));
      const prompt = read.ok ? promptFor(read.value) : null;
      return prompt !== null && 'reason' in prompt ? { ok: false, reason: prompt.reason } : read;
    },
    parseAnswer: (text, question) => {
      const read: Called = module().has('readAnswer') ? call('readAnswer', text, question) : { ok: true, value: text };
      const parsed = textOf(read, 'readAnswer', 'answer');
      return parsed.ok ? { ok: true, value: text.trim() } : parsed;
    },
    check,
    secondOpinion: null,
    get verify() {
      return module().has('verify')
        ? (question: string, answer: string) => isTrue(call('verify', question, answer))
        : null;
    },
    stratum: (question, parent, answer) => {
      const named = module().has('stratum') ? call('stratum', question, answer ?? null) : null;
      return named?.ok === true && typeof named.value === 'string' && named.value !== ''
        ? named.value
        : (parent?.stratum ?? 'all');
    },
    canonical: plainText,
    novelty: 'near',
    hasOfflineTeacher: false,
  };
}

type FoundPrompt = { readonly prompt: StudentPrompt } | { readonly reason: string };

/** @throws RangeError with what is wrong with the rows */
function dataOf(
  module: TaskModule,
  options: ModuleOptions,
  seed: number,
  promptFor: (question: string) => FoundPrompt,
): TaskData {
  const given = { seed, options: options.options };
  const [seeds, tests] = [rowsOf(module, 'seeds', given), rowsOf(module, 'tests', given)];
  refuseOverlap(seeds, tests);
  for (const { question } of [...seeds, ...tests]) {
    const prompt = promptFor(question);
    if ('reason' in prompt) {
      throw new RangeError(`${prompt.reason}, for the question ${quote(question)}`);
    }
  }
  return {
    pool: drawn('pool', seeds, options.pool_size, seed),
    tests: { test: drawn('test', tests, options.test_size, seed) },
  };
}

function drawn(set: 'pool' | 'test', rows: readonly FileRow[], size: number | undefined, seed: number): Seed[] {
  const indexes = drawnIndexes(set, rows.length, size, seed) ?? rows.map((_, index) => index);
  return indexes.flatMap((index) => {
    const row = rows[index];
    return row === undefined ? [] : [seedOf(set, index, row)];
  });
}

const roles = ['system', 'user', 'assistant'] as const;

function promptOf(called: Called): FoundPrompt {
  if (!called.ok) {
    return { reason: `prompt() ${called.reason}` };
  }
  const { value } = called;
  if (typeof value === 'string' && value.trim() !== '') {
    return { prompt: value };
  }
  const turns = Array.isArray(value) ? value.map(turnOf) : [];
  const read = turns.filter((turn) => turn !== null);
  return turns.length > 0 && read.length === turns.length && read.at(-1)?.role === 'user'
    ? { prompt: read }
    : { reason: 'prompt() must return a text, or turns {role, content} of which the last is of the user' };
}

function turnOf(value: unknown): ChatMessage | null {
  const { role, content } = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const known = roles.find((one) => one === role);
  return known !== undefined && typeof content === 'string' ? { role: known, content } : null;
}

function textOf(called: Called, name: string, what: string): Parsed {
  if (!called.ok) {
    return { ok: false, reason: `${name}() ${called.reason}` };
  }
  const { value } = called;
  return typeof value === 'string' && value.trim() !== ''
    ? { ok: true, value: value.trim() }
    : { ok: false, reason: `${name}() finds no ${what} in it` };
}

/** What `check` says of an answer. Where it throws, or says nothing that can be understood, that answer alone is unmeasured. */
function verdictOf(called: Called, answer: string): Verdict {
  if (!called.ok) {
    return unmeasured(`check() ${called.reason}`);
  }
  const { value } = called;
  if (value === null || value === undefined) {
    return unreadableAnswer('check() cannot read it');
  }
  if (isThenable(value)) {
    return unmeasured('check() returned a promise; it must not be async');
  }
  const said = typeof value === 'object' ? (value as Record<string, unknown>) : { [keyOf(value)]: value };
  const readAs = typeof said.readAs === 'string' ? said.readAs : answer.trim();
  const reason = typeof said.reason === 'string' ? { reason: said.reason.slice(0, 300) } : {};
  if (said.readAs === null) {
    return { ...unreadableAnswer('check() cannot read it'), ...reason };
  }
  const { correct, score } = said;
  if (typeof correct === 'boolean' && score === undefined) {
    return { ...asRead(judged(readAs, correct)), ...reason };
  }
  if (
    typeof score === 'number' &&
    score >= 0 &&
    score <= 1 &&
    (correct === undefined || typeof correct === 'boolean')
  ) {
    return { ...asRead(judged(readAs, correct ?? score >= 0.5)), score, ...reason };
  }
  return unmeasured(
    `check() must return true, false, null, a score from 0 to 1, or {correct} or {score}, not ${shown(value)}`,
  );
}

const keyOf = (value: unknown) => (typeof value === 'number' ? 'score' : 'correct');

const isTrue = (called: Called) => called.ok && called.value === true;

function shown(value: unknown): string {
  try {
    return quote(typeof value === 'object' ? JSON.stringify(value) : String(value));
  } catch {
    return typeof value;
  }
}
