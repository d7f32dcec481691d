import { stableHash } from '../../random';
import type { Seed } from '../../records';
import { fill, usesDefaultRequests } from '../prompts';
import { answerPart } from '../reading/answer-part';
import { workArithmetic } from '../reading/arithmetic';
import { lastBoxed } from '../reading/marked-candidates';
import { isNegated } from '../reading/negation';
import { withoutMarkup } from '../reading/plain-text';
import { equal, type Rational } from '../reading/rational';
import {
  judged,
  type Parsed,
  quote,
  type Task,
  type TaskData,
  unanswered,
  unmeasured,
  unreadableAnswer,
  type Verdict,
} from '../task';
import { type Hand, solvableHands, solveHand, target } from './hands';
import { type Game24Options, game24Prompts } from './schema';

/**
 * Four numbers make 24. There are exactly 1,362 solvable hands, so a new question is one of those that are neither in the
 * pool nor in the test set: with the defaults, 862 are left for the teacher to find.
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
    questionMessages: ({ question, answer }) => [
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion,
    parseAnswer,
    check: (question, _, answer) => checkHand(question, answer),
    secondOpinion: null,
    verify: (question, answer) => checkHand(question, answer).correct,
    stratum: (question) => solveHand(readHand(question) ?? [])?.need ?? 'unsolvable',
    canonical: (question) => formatHand(readHand(question) ?? []),
    novelty: 'exact',
    hasOfflineTeacher: usesDefaultRequests(prompts, game24Prompts),
  };
}

/** The four numbers of `4 9 10 13`, ascending; `null` for any other text. */
export function readHand(text: string): Hand | null {
  const form = /^\W{0,20}(\d{1,2})[ ,]+(\d{1,2})[ ,]+(\d{1,2})[ ,]+(\d{1,2})\W{0,20}$/.exec(text.slice(0, 200).trim());
  const hand = form?.slice(1).map(Number) ?? [];
  return form !== null && hand.every((card) => card >= 1 && card <= 13) ? hand.sort((a, b) => a - b) : null;
}

export const formatHand = (hand: Hand) => hand.join(' ');

function makeData({ pool_size, test_size }: Game24Options, seed: number): TaskData {
  const hands = solvableHands();
  // One shuffled order, cut in two: no hand is in both parts.
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
  const hand = readHand(question);
  const found = hand === null ? null : expressionIn(text, hand);
  return found?.usesHand
    ? { ok: true, value: found.expression }
    : { ok: false, reason: `not an expression of the numbers ${question}: ${quote(text)}` };
}

/** Well formed: an expression of exactly these numbers. Correct: it makes 24. */
function checkHand(question: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const hand = readHand(question);
  if (hand === null) {
    return unmeasured(`the question is not four numbers from 1 to 13: ${quote(question)}`);
  }
  const found = expressionIn(answer, hand);
  return found === null
    ? unreadableAnswer(`no expression was found: ${quote(answer.trim().slice(-60))}`)
    : judged(found.expression, found.usesHand && equal(found.value, target), found.usesHand);
}

interface FoundExpression {
  readonly expression: string;
  readonly value: Rational;
  readonly usesHand: boolean;
}

/**
 * The last expression of a text that uses exactly the hand's numbers: what stands before an `=`, in a box, in a fence, in
 * a sentence. Without one, the last other expression of several numbers.
 */
function expressionIn(answer: string, hand: Hand): FoundExpression | null {
  const wanted = formatHand(hand);
  let other: FoundExpression | null = null;
  for (const line of answerPart(answer).slice(-ANSWER_CHARACTERS_MAX).split('\n').reverse()) {
    for (const expression of expressionsOf(line)) {
      const worked = workArithmetic(expression);
      if (worked !== null && worked.numbers.length > 1) {
        const usesHand = formatHand([...worked.numbers].sort((a, b) => a - b)) === wanted;
        if (usesHand) {
          return { expression, value: worked.value, usesHand };
        }
        other ??= { expression, value: worked.value, usesHand };
      }
    }
  }
  return other;
}

const ANSWER_CHARACTERS_MAX = 20_000;
const EXPRESSION_CHARACTERS_MAX = 200;

/** The stretches of a line that may be expressions, the last first, as `workArithmetic` reads them. */
function expressionsOf(line: string): string[] {
  const plain = withoutMarkup(lastBoxed(line) ?? line)
    .replace(/\\frac ?\{([^{}]*)\} ?\{([^{}]*)\}/g, '(($1)/($2))')
    .replace(/[$`]|\\[a-z]+/gi, ' ')
    .replace(/(?<=[\d)] ?)[x×·∗⋅](?= ?[\d(])/gi, '*')
    .replace(/÷/g, '/')
    .replace(/\[(?=[^[\]]*\])/g, '(')
    .replace(/\]/g, ')')
    .replace(/(?<=\)) ?(?=\()|(?<=\d) ?(?=\()|(?<=\)) ?(?=\d)/g, '*');
  return [...plain.replace(/^- (?=[\d(])/, '').matchAll(/[-\d(][-+*/()\d ]*/g)]
    .filter(({ index, input }) => !isNegated(input.slice(Math.max(0, index - 80), index)))
    .map(([stretch]) => balanced(stretch.trim()))
    .filter((stretch) => stretch.length <= EXPRESSION_CHARACTERS_MAX)
    .reverse();
}

/** Without the closing parenthesis of the sentence around it. */
const balanced = (stretch: string) => {
  const surplus = (stretch.match(/\)/g)?.length ?? 0) - (stretch.match(/\(/g)?.length ?? 0);
  return (surplus === 1 && stretch.endsWith(')') ? stretch.slice(0, -1) : stretch).replace(/[-+*/ ]+$/, '');
};
