import * as fc from 'fast-check';
import type { Seed } from '../records';
import { taskSchema } from '../tasks/registry';
import { workArithmetic } from './reading/arithmetic';
import { finalNumber, parseNumber } from './reading/numbers';
import { taskOf } from './registry';

const own = { kind: 'jsonl', train: 'a', test: 'b' };
const seeds: Readonly<Record<string, Seed>> = {
  game24: { id: '', question: '4 9 10 13', answer: '(10 - 4) * (13 - 9)', stratum: '' },
  prontoqa: {
    id: '',
    question: 'Sam is a cat. Every cat is red. True or false: Sam is red.',
    answer: 'True',
    stratum: '',
  },
  'operator-chains': { id: '', question: '3+4*7=', answer: '7*7=9', stratum: '' },
  other: { id: '', question: 'How many apples are there?', answer: 'There are 5.\n#### 5', stratum: 's' },
};

const tasks = [
  { kind: 'operator-chains' },
  { kind: 'gsm8k' },
  { kind: 'gsm8k', source: 'templates' },
  { kind: 'math' },
  { kind: 'prontoqa', check: 'proof' },
  { kind: 'game24' },
  ...['number', 'exact', 'choice', 'math'].map((check) => ({ ...own, check })),
  { ...own, check: 'regex', pattern: '[a-z]*: *([0-9])' },
];

/** What models write, and what an attacker would: pieces of answers, of code, of patterns, and long runs of one thing. */
const pieces = fc.constantFrom(
  ...[
    '####',
    '\\boxed{',
    '}',
    '{',
    '\\frac',
    '1/2',
    '-',
    '\u2212',
    '5',
    '1,234',
    '.',
    'answer is',
    'not ',
    'True',
    'False',
  ],
  ...[
    '(',
    ')',
    '*',
    '**',
    '/',
    '0',
    'e99',
    '\n',
    ' ',
    '$',
    '%',
    'Every',
    'cat',
    'is',
    'are',
    'True or false: ',
    '=',
    '7%3=',
  ],
  ...[
    'process.exit(1)',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of code that must not be run
    '${1+1}',
    '__import__',
    '\u0000',
    '\ud800',
    '\u202e',
    '<|im_end|>',
    '½',
    '𝟓',
    '٣',
    '{question}',
  ],
);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.tuple(pieces, fc.integer({ min: 1, max: 20_000 })).map(([piece, count]) => piece.repeat(count)),
  fc.tuple(pieces, pieces, pieces).map(([a, b, c]) => `${a}${b.repeat(5000)}${c}`),
);

/** No row may hold up the loop: the slowest is a text of 100 kB and more. */
const ROW_MS_MAX = 1000;

function timed<T>(work: () => T): T {
  const startUsage = process.cpuUsage();
  const result = work();
  // Processor time, because others may be at work on this machine.
  expect(process.cpuUsage(startUsage).user / 1000).toBeLessThan(ROW_MS_MAX);
  return result;
}

describe.each(tasks)('%j', (options) => {
  const task = taskOf(taskSchema.parse(options));
  const seed = seeds[options.kind] ?? (seeds.other as Seed);

  test('reads and judges any text in time, and never throws', () => {
    void fc.assert(
      fc.property(hostile, (text) => {
        const verdict = timed(() => task.check(seed.question, seed.answer ?? '', text));
        expect(typeof verdict.correct).toBe('boolean');
        expect(verdict.answered || !verdict.correct).toBe(true);
        const answer = timed(() => task.parseAnswer(text, seed.question));
        expect(answer.ok ? answer.value : answer.reason.length > 0).toBeTruthy();
        const question = timed(() => task.parseQuestion(text));
        if (question.ok) {
          timed(() => [task.canonical(question.value), task.stratum(question.value, seed)]);
          timed(() => task.parseAnswer(text, question.value));
          timed(() => task.verify?.(question.value, text));
          expect(task.answerMessages(question.value).some(({ content }) => content.includes(question.value))).toBe(
            true,
          );
        }
        timed(() => task.secondOpinion?.pair(seed.answer ?? '', text));
      }),
      { numRuns: 120 },
    );
  });

  test('reads what is read once the same again', () => {
    void fc.assert(
      fc.property(hostile, (text) => {
        const question = task.parseQuestion(text);
        if (question.ok) {
          expect(task.canonical(question.value)).toBe(task.canonical(question.value));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('numbers', () => {
  test('whole numbers are read as they are written, with or without separators, signs and units', () => {
    void fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.constantFrom('', '$', '€'),
        (value, currency) => {
          const magnitude = (value < 0n ? -value : value).toString();
          const grouped = magnitude.replace(/\B(?=(\d{3})+$)/g, ',');
          for (const digits of [magnitude, grouped, `${grouped}.00`]) {
            const text = `${value < 0n ? '-' : ''}${currency}${digits}`;
            expect(parseNumber(text)).toEqual({ numerator: value, denominator: 1n });
            expect(finalNumber(`so\n#### ${text} apples.`)?.value).toEqual({ numerator: value, denominator: 1n });
          }
        },
      ),
    );
  });

  test('expressions are worked exactly, as plain arithmetic says', () => {
    const number = fc.integer({ min: 1, max: 13 }).map(String);
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        number,
        fc.tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/'), tie('tree')).map(([a, o, b]) => `(${a} ${o} ${b})`),
      ),
    }));
    void fc.assert(
      fc.property(tree, (text) => {
        const worked = workArithmetic(text);
        // Made of digits and operators here, by the line above.
        const expected = new Function(`return ${text}`)() as number;
        if (worked === null) {
          expect(text.length > 200 || /\//.test(text)).toBe(true);
        } else {
          expect(Number(worked.value.numerator) / Number(worked.value.denominator)).toBeCloseTo(expected, 6);
        }
      }),
    );
  });
});
