import { type RandomStream, randomStream } from '../../random';
import type { Seed } from '../../records';
import { drawWeighted } from '../../weighted';
import {
  type ChatMessage,
  judged,
  type Parsed,
  quote,
  type Task,
  unanswered,
  unreadableAnswer,
  type Verdict,
} from '../task';
import {
  alphabet,
  type Expression,
  formatExpression,
  hasFormOfWorking,
  operators,
  parseExpression,
  rarity,
  workExpression,
} from './expressions';
import type { OperatorChainsOptions } from './schema';

/**
 * The demo task: a dozen operators on digits, some of them rare. A random selection mostly has the frequent
 * operators, which the student already knows; a good strategy finds the rare ones. The stratum of an expression is its
 * rarest operator, since that one decides whether the student can do it.
 *
 * One-step expressions are a closed set (12 x 100), so questions of the pool, of the test sets and of the teacher
 * coincide: the task measures coverage, not generalisation to unseen questions.
 */
export function operatorChains(options: Omit<OperatorChainsOptions, 'kind'>): Task {
  return {
    promptVersion: 1,
    alphabet,
    tinyReads: 'characters',
    files: null,
    makeData: (seed) => ({
      pool: makeSeeds('pool', options.pool_size, seed, (stream) => drawExpression(stream, options)),
      tests: {
        test: [...makeSeeds('test', options.test_size, seed, (stream) => drawExpression(stream, options))],
        balanced: [
          ...makeSeeds('balanced', options.test_size, seed, (stream, index) =>
            drawWithRarest(stream, options, index % operators.length),
          ),
        ],
      },
    }),
    studentPrompt: (question) => question,
    questionMessages: (seed) => [rules, { role: 'user', content: questionRequest(seed.question) }],
    answerMessages: (question) => [rules, { role: 'user', content: answerRequest(question) }],
    parseQuestion,
    parseAnswer,
    check: checkOperatorChains,
    secondOpinion: null,
    verify: (question, answer) => {
      const expression = parseExpression(question);
      return expression !== null && answer.trim() === workExpression(expression);
    },
    stratum: (question) => stratumOf(mustParse(question)),
    canonical: (question) => formatExpression(mustParse(question)),
    novelty: 'closed-set',
    hasOfflineTeacher: true,
  };
}

/** What a request to the teacher asks for; `null` when it is none of this task's. The offline teacher answers by it. */
export function readOperatorChainsRequest(
  messages: readonly ChatMessage[],
): { readonly asks: 'question' | 'answer'; readonly expression: Expression } | null {
  const content = messages.at(-1)?.content ?? '';
  const text = content.split('\n')[2] ?? '';
  const expression = parseExpression(text);
  if (expression === null) {
    return null;
  }
  if (content === questionRequest(text)) {
    return { asks: 'question', expression };
  }
  return content === answerRequest(text) ? { asks: 'answer', expression } : null;
}

/** The same operators with fresh digits: what a teacher's new question looks like. */
export function withFreshDigits(expression: Expression, stream: RandomStream): Expression {
  return { ...expression, digits: expression.digits.map(() => stream.integer(10)) };
}

const rules: ChatMessage = {
  role: 'system',
  content: [
    'The questions are expressions over the digits 0 to 9 that end in "=". They are read strictly from left to right,',
    'without precedence, and every result is one digit. "x ? y" means, for each operator:',
    ...operators.map(({ symbol, meaning }) => `x ${symbol} y: ${meaning}`),
    'The answer to an expression with one operator is its result, for instance 7%3= has the answer 4.',
    'The answer to a longer one repeats what is left after each step, for instance 3+4*7= has the answer 7*7=9.',
    'Reply without spaces and without any other text.',
  ].join('\n'),
};

const questionRequest = (question: string) =>
  `Example question:\n\n${question}\n\nWrite one new question with the same operators in the same order and new random digits.`;

const answerRequest = (question: string) => `Question:\n\n${question}\n\nWrite the answer: what stands behind the "=".`;

function parseQuestion(text: string): Parsed {
  const expression = parseExpression(text);
  return expression === null
    ? { ok: false, reason: `not an expression of this task: ${quote(text)}` }
    : { ok: true, value: formatExpression(expression) };
}

function parseAnswer(text: string, question: string): Parsed {
  const answer = text.trim();
  return hasFormOfWorking(answer, mustParse(question))
    ? { ok: true, value: answer }
    : { ok: false, reason: `not a working of ${question}: ${quote(text)}` };
}

/** The final digit decides; a text that is not a working of the question is wrong, whatever its last digit. */
export function checkOperatorChains(question: string, reference: string, answer: string): Verdict {
  const text = answer.trim();
  if (text === '') {
    return unanswered;
  }
  return hasFormOfWorking(text, mustParse(question))
    ? judged(text.at(-1) ?? '', text.at(-1) === reference.trim().at(-1))
    : unreadableAnswer(`not a working of ${question}: ${quote(text)}`);
}

type DrawOptions = Pick<OperatorChainsOptions, 'step_weights' | 'zipf'>;

type Draw = (stream: RandomStream, index: number) => Expression;

/** Each seed has a stream of its own, so a smaller pool is a prefix of a larger one, and no pool has to be kept in memory. */
function makeSeeds(set: string, size: number, runSeed: number, draw: Draw): Iterable<Seed> {
  const seedAt = (index: number): Seed => {
    const expression = draw(randomStream('operator-chains', set, runSeed, index), index);
    return {
      id: `${set}-${String(index).padStart(5, '0')}`,
      question: formatExpression(expression),
      answer: workExpression(expression),
      stratum: stratumOf(expression),
    };
  };
  return {
    *[Symbol.iterator]() {
      for (let index = 0; index < size; index += 1) {
        yield seedAt(index);
      }
    },
  };
}

function drawExpression(stream: RandomStream, options: DrawOptions): Expression {
  const steps = 1 + drawWeighted(stream, options.step_weights);
  const between = Array.from({ length: steps }, () => drawOperator(stream, options.zipf, operators.length - 1));
  return withFreshDigits({ operators: between, digits: new Array(steps + 1).fill(0) }, stream);
}

/** An expression whose rarest operator is the given one; the others are drawn like the pool's, among the commoner. */
function drawWithRarest(stream: RandomStream, options: DrawOptions, rarest: number): Expression {
  const steps = 1 + drawWeighted(stream, options.step_weights);
  const position = stream.integer(steps);
  const between = Array.from({ length: steps }, (_, index) =>
    index === position ? operatorAt(rarest) : drawOperator(stream, options.zipf, rarest),
  );
  return withFreshDigits({ operators: between, digits: new Array(steps + 1).fill(0) }, stream);
}

function drawOperator(stream: RandomStream, zipf: number, rarest: number) {
  const weights = operators.slice(0, rarest + 1).map((_, index) => (index + 1) ** -zipf);
  return operatorAt(drawWeighted(stream, weights));
}

const operatorAt = (index: number) => operators[index] as (typeof operators)[number];

function stratumOf(expression: Expression): string {
  return operatorAt(Math.max(...expression.operators.map(rarity))).name;
}

/** For questions that were parsed before: pool seeds and accepted rows. */
function mustParse(question: string): Expression {
  const expression = parseExpression(question);
  if (expression === null) {
    throw new RangeError(`expected an expression such as 7%3=, got ${quote(question)}`);
  }
  return expression;
}
