import * as fc from 'fast-check';
import { hygieneSchema } from '../config/hygiene-schema';
import { taskOf, taskSchema } from '../tasks/registry';
import { type KnownQuestion, KnownQuestions, knownQuestions } from './known-questions';
import { NearIndex } from './near-index';
import { rougeL } from './rouge-l';
import { funnelOf, RowFilter } from './row-filter';

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'the', 'of', 'x1', '17'), { minLength: 1, maxLength: 14 });

/** ROUGE-L by the textbook's recursion. */
function slowly(left: readonly string[], right: readonly string[]): number {
  const common = (i: number, j: number): number =>
    i === left.length || j === right.length
      ? 0
      : left[i] === right[j]
        ? 1 + common(i + 1, j + 1)
        : Math.max(common(i + 1, j), common(i, j + 1));
  return (2 * common(0, 0)) / (left.length + right.length);
}

describe('a pool that is streamed', () => {
  const texts = fc.array(words, { maxLength: 12 });
  const questionsOf = (origin: KnownQuestion['origin'], all: string[][]): KnownQuestion[] =>
    all.map((text, index) => ({ origin, id: String(index), question: text.join(' ') }));

  test('has the matches that a pool which is held has', async () => {
    const task = {
      canonical: (question: string) => question.replaceAll('the ', ''),
      novelty: 'near' as const,
      newPart: (question: string) => question.replace(/^a /, ''),
    };
    await fc.assert(
      fc.asyncProperty(
        texts,
        texts,
        texts,
        texts,
        fc.constantFrom(0.5, 0.7, 1),
        async (test, pool, row, asked, near) => {
          const held = [...questionsOf('test', test), ...questionsOf('pool', pool), ...questionsOf('row', row)];
          const expected = new KnownQuestions(task, { near }, held);
          const newQuestions = asked.map((text) => text.join(' '));
          const of = (origin: KnownQuestion['origin']) => held.filter((one) => one.origin === origin);
          const passing = { test: of('test'), row: of('row'), pool: of('pool'), newQuestions };
          const known = await knownQuestions(task, { near }, passing);
          for (const [index, question] of newQuestions.entries()) {
            expect(known.find(question)).toEqual(expected.find(question));
            for (const both of [known, expected]) {
              both.add({ origin: 'row', id: `new ${index}`, question });
            }
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('near duplicates', () => {
  test('ROUGE-L is that of the textbook', () => {
    const short = fc.array(fc.nat(3), { maxLength: 7 });
    void fc.assert(
      fc.property(short, short, (left, right) => {
        fc.pre(left.length + right.length > 0);
        expect(rougeL(left, right)).toBeCloseTo(slowly(left.map(String), right.map(String)), 12);
      }),
    );
  });

  test('the index finds the nearest text that a look at all of them finds', () => {
    void fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 25 }),
        fc.array(words, { maxLength: 10 }),
        words,
        fc.constantFrom(0.5, 0.7, 0.8, 1),
        (first, later, question, threshold) => {
          const index = new NearIndex(threshold);
          first.forEach((text) => {
            index.add(text.join(' '));
          });
          // The words that are counted are those of the first texts.
          index.nearest('');
          later.forEach((text) => {
            index.add(text.join(' '));
          });
          const numberOf = (word: string) => ['a', 'b', 'c', 'the', 'of', 'x1', '17'].indexOf(word);
          const split = (text: string[]) => text.flatMap((word) => (word === 'x1' ? ['x', '1'] : [word]));
          const numbers = (text: string[]) =>
            split(text).map((word) => (word === 'x' ? 7 : word === '1' ? 8 : numberOf(word)));
          const all = [...first, ...later].map((text) => rougeL(numbers(question), numbers(text)));
          const best = Math.max(...all);
          const found = index.nearest(question.join(' '));
          const isNear = best >= threshold - 1e-9;
          expect(found ?? null).toEqual(isNear ? { number: all.indexOf(best), similarity: best } : null);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const wordTask = taskOf(taskSchema.parse({ kind: 'gsm8k' }));
const config = hygieneSchema.parse({});

const known: KnownQuestion[] = [
  {
    origin: 'test',
    id: 'test-0',
    question: 'A train travels 270 miles in 3 hours. How far does it travel in 5 hours?',
  },
  { origin: 'pool', id: 'pool-0', question: 'Sam has 12 apples and buys 7 more. How many apples does Sam have?' },
];

describe('a new question', () => {
  test.each([
    ['a train travels 270 miles in 3 hours; how far does it travel in 5 hours', 'test', 1],
    ['A plane travels 270 miles in 3 hours. How far does it travel in 5 hours?', 'test', 15 / 16],
    ['Sam has 12 apples and buys 7 more.  HOW MANY apples does Sam have?', 'pool', 1],
    ['Sam has 12 pears and buys 7 more. How many pears does Sam have?', 'pool', 12 / 14],
    ['Ten friends share a pizza of eight slices. How much does each one eat?', null, null],
  ])('%s is known from %s', (question, origin, similarity) => {
    const match = new KnownQuestions(wordTask, config, known).find(question);
    expect(match?.origin ?? null).toBe(origin);
    if (similarity !== null) {
      expect(match?.similarity).toBeCloseTo(similarity, 6);
    }
  });

  test('is known only by its very words when near is 1', () => {
    const strict = new KnownQuestions(wordTask, { near: 1 }, known);
    expect(strict.find('Sam has 12 pears and buys 7 more. How many pears does Sam have?')).toBeNull();
  });

  test('of a test set is a leak, even where a nearer seed has the same words', () => {
    const both = [...known, { ...(known[0] as KnownQuestion), origin: 'pool' as const, id: 'pool-1' }];
    expect(new KnownQuestions(wordTask, config, both).find((known[0] as KnownQuestion).question)?.origin).toBe('test');
  });

  test('of game24 is known by its cards, in any order', () => {
    const task = taskOf(taskSchema.parse({ kind: 'game24' }));
    const cards = new KnownQuestions(task, config, [{ origin: 'test', id: 'test-0', question: '4 9 10 13' }]);
    expect(cards.find('13 10 9 4')).toEqual({ origin: 'test', id: 'test-0', similarity: 1 });
    expect(cards.find('3 9 10 13')).toBeNull();
  });

  test('of a closed set is never known', () => {
    const task = taskOf(taskSchema.parse({ kind: 'operator-chains' }));
    expect(new KnownQuestions(task, config, [{ origin: 'test', id: 'a', question: '1+1=' }]).find('1+1=')).toBeNull();
  });
});

describe('rows', () => {
  const judge = (options: object, rows: readonly (readonly [question: string, answer?: string])[]) => {
    const rowFilter = new RowFilter(
      wordTask,
      hygieneSchema.parse(options),
      new KnownQuestions(wordTask, config, known),
    );
    return rows.map(
      ([question, answer = '#### 1'], index) =>
        rowFilter.reject({ id: `001-00000${index}`, question, answer })?.reason ?? 'accepted',
    );
  };
  const fresh = 'Ten friends share a pizza of eight slices. How much does each one eat?';
  const leak = (known[0] as KnownQuestion).question;

  test('that are alike are rejected but for the first in rank', () => {
    expect(judge({}, [[fresh], [fresh], [leak], [(known[1] as KnownQuestion).question]])).toEqual([
      'accepted',
      'the same as row 001-000000',
      'the same as test question test-0',
      'the same as seed pool-0',
    ]);
  });

  test('that are alike may be kept; a leak never', () => {
    expect(judge({ duplicates: 'keep' }, [[fresh], [fresh], [leak]])).toEqual([
      'accepted',
      'accepted',
      'the same as test question test-0',
    ]);
  });

  test('with a wrong answer are rejected where the task can tell and is asked to', () => {
    const task = taskOf(taskSchema.parse({ kind: 'game24' }));
    const verdicts = (verify: string) => {
      const rowFilter = new RowFilter(task, hygieneSchema.parse({ verify }), new KnownQuestions(task, config, []));
      return [
        ['4 9 10 13', '(10 - 4) * (13 - 9)'],
        ['1 1 3 8', '1 + 1 + 3 + 8'],
      ].map(([question = '', answer = '']) => rowFilter.reject({ id: '', question, answer })?.stage ?? 'accepted');
    };
    expect(verdicts('checker')).toEqual(['accepted', 'verify']);
    expect(verdicts('none')).toEqual(['accepted', 'accepted']);
  });

  test('are counted by the stage they passed', () => {
    const stages = ['call', 'question', 'answer', 'duplicate', 'duplicate', 'leak', 'verify', 'budget'] as const;
    expect(
      funnelOf(
        10,
        stages.map((stage) => ({ stage })),
      ),
    ).toEqual({
      asked: 17,
      answered: 16,
      parsed: 14,
      new: 12,
      clean: 11,
      verified: 10,
      accepted: 10,
    });
  });
});
