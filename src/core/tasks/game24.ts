import type { TaskConfig } from '../config/schema';
import { stableHash } from '../random';
import type { Seed } from '../records';
import { workArithmetic } from './arithmetic';
import { READ_CHARACTERS_MAX } from './final-answer';
import { type Hand, solvableHands, solveHand, target } from './game24-hands';
import { asksAsUsual, fill, type Prompts } from './prompts';
import { equal } from './rational';
import { type Parsed, quote, type Task, type TaskData, unanswered, type Verdict } from './task';

export type Game24Options = Extract<TaskConfig, { kind: 'game24' }>;

export const game24Prompts: Prompts = {
  question:
    'Game of 24: four whole numbers from 1 to 13 are put together with + - * / and parentheses, each number exactly once, to make 24. ' +
    'This is a puzzle: {question}\nWrite one new puzzle of about the same difficulty that has a solution. ' +
    'Reply with its four numbers, separated by spaces, and nothing else.',
  answer:
    'Game of 24: put the four numbers together with + - * / and parentheses, each exactly once, to make 24.\n' +
    'Numbers: {question}\nReply with the expression alone, for instance (10 - 4) * (13 - 9).',
  student: '{question}\n',
};

/**
 * Four numbers make 24. The hands that can be solved are a fixed set of 1,362, so a new question is one of those that
 * neither the pool nor the test set holds: with the defaults 862 are left for the teacher to find.
 */
export function game24(options: Game24Options): Task {
  const { prompts } = options;
  return {
    promptVersion: 1,
    alphabet: '0123456789+-*/() \n',
    tinyReads: 'characters',
    files: null,
    makeData: (seed) => makeData(options, seed),
    studentPrompt: (question) => fill(prompts.student, { question }),
    questionMessages: ({ question }) => [{ role: 'user', content: fill(prompts.question, { question }) }],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion,
    parseAnswer,
    check: (question, _, answer) => checkHand(question, answer),
    secondOpinion: null,
    verify: (question, answer) => checkHand(question, answer).correct,
    stratum: (question) => solveHand(readHand(question) ?? [])?.need ?? 'unsolvable',
    canonical: (question) => formatHand(readHand(question) ?? []),
    novelty: 'exact',
    hasOfflineTeacher: asksAsUsual(prompts, game24Prompts),
  };
}

/** The four numbers of `4 9 10 13`, ascending; `null` when it is not that. */
export function readHand(text: string): Hand | null {
  const form = /^\W{0,20}(\d{1,2})[ ,]+(\d{1,2})[ ,]+(\d{1,2})[ ,]+(\d{1,2})\W{0,20}$/.exec(text.slice(0, 200).trim());
  const hand = form?.slice(1).map(Number) ?? [];
  return form !== null && hand.every((card) => card >= 1 && card <= 13) ? hand.sort((a, b) => a - b) : null;
}

export const formatHand = (hand: Hand) => hand.join(' ');

function makeData({ pool_size, test_size }: Game24Options, seed: number): TaskData {
  const hands = solvableHands();
  // One order, cut in two: no hand is in both parts.
  const ordered = [...hands].sort(
    (left, right) =>
      stableHash('game24', seed, formatHand(left.hand)) - stableHash('game24', seed, formatHand(right.hand)),
  );
  const seedsOf = (set: string, part: typeof ordered): Seed[] =>
    part.map(({ hand, expression, need }, index) => ({
      id: `${set}-${String(index).padStart(5, '0')}`,
      question: formatHand(hand),
      answer: expression,
      stratum: need,
    }));
  return {
    tests: { test: seedsOf('test', ordered.slice(0, test_size)) },
    pool: seedsOf('pool', ordered.slice(test_size, test_size + pool_size)),
  };
}

function parseQuestion(text: string): Parsed {
  const hand = readHand(text);
  if (hand === null) {
    return { ok: false, reason: `not four numbers from 1 to 13: ${quote(text)}` };
  }
  return solveHand(hand) === null
    ? { ok: false, reason: `no expression of ${formatHand(hand)} makes 24` }
    : { ok: true, value: formatHand(hand) };
}

function parseAnswer(text: string, question: string): Parsed {
  return checkHand(question, text).wellFormed
    ? { ok: true, value: expressionOf(text) }
    : { ok: false, reason: `not an expression of the numbers ${question}: ${quote(text)}` };
}

/** Well formed: an expression of exactly these numbers. Correct: it makes 24. */
function checkHand(question: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const worked = workArithmetic(expressionOf(answer));
  const wellFormed =
    worked !== null && formatHand([...worked.numbers].sort((a, b) => a - b)) === formatHand(readHand(question) ?? []);
  return { answered: true, wellFormed, correct: wellFormed && equal(worked.value, target) };
}

/** The last line, without `Answer:` before it and `= 24` behind it. */
function expressionOf(answer: string): string {
  const line = answer.slice(-READ_CHARACTERS_MAX).trim().split('\n').at(-1) ?? '';
  return (line.replace(/^\s{0,9}(?:the )?answer(?: is)?:?/i, '').split('=', 1)[0] ?? '').trim();
}
