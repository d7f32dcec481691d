import { randomStream } from '../random';
import type { Seed } from '../records';
import { taskSchema } from '../tasks/registry';
import { solvableHands } from './game24/hands';
import { drawWordProblem, numbersOf } from './gsm8k/templates';
import { taskOf } from './registry';

/** Checks by other means than the code's own: floating point and all orders for hands, a plain closure for proofs. */

/** Every value that four numbers can be put together to, by floating point over all orders and shapes. */
function makes24(numbers: readonly number[]): boolean {
  if (numbers.length === 1) {
    return Math.abs((numbers[0] as number) - 24) < 1e-6;
  }
  return numbers.some((left, i) =>
    numbers.some((right, j) => {
      if (i === j) {
        return false;
      }
      const rest = numbers.filter((_, index) => index !== i && index !== j);
      return [left + right, left - right, left * right, left / right].some(
        (value) => Number.isFinite(value) && makes24([...rest, value]),
      );
    }),
  );
}

const formsOf = (seeds: Iterable<Seed>, canonical: (question: string) => string) =>
  new Set([...seeds].map(({ question }) => canonical(question)));

/** Sizes, no question twice, none in both sets, other sets for other seeds. */
function checkSets(options: object, sizes: { pool: number; test: number }) {
  const task = taskOf(taskSchema.parse(options));
  const { pool, tests } = task.makeData(1);
  const [poolForms, testForms] = [formsOf(pool, task.canonical), formsOf(tests.test ?? [], task.canonical)];
  expect([poolForms.size, testForms.size]).toEqual([sizes.pool, sizes.test]);
  expect([...poolForms].filter((form) => testForms.has(form))).toEqual([]);
  expect(task.makeData(1)).toEqual({ pool, tests });
  expect(task.makeData(2).pool).not.toEqual(pool);
  for (const { question, answer, stratum } of [...pool, ...(tests.test ?? [])]) {
    expect(task.check(question, answer as string, answer as string)).toMatchObject({ wellFormed: true, correct: true });
    expect(task.verify?.(question, answer as string)).toBe(true);
    expect(task.parseQuestion(question)).toEqual({ ok: true, value: question });
    expect(task.parseAnswer(answer as string, question)).toEqual({ ok: true, value: answer });
    expect(task.stratum(question, null)).toBe(stratum);
    expect(
      [...String(task.studentPrompt(question)), ...(answer ?? '')].filter(
        (character) => !task.alphabet?.includes(character),
      ),
    ).toEqual([]);
  }
  return { task, pool, test: tests.test as readonly Seed[] };
}

describe('game24', () => {
  test('has 1,362 hands that can be solved, and they are those', () => {
    const hands = solvableHands().map(({ hand }) => hand.join(' '));
    const expected: string[] = [];
    for (let a = 1; a <= 13; a += 1) {
      for (let b = a; b <= 13; b += 1) {
        for (let c = b; c <= 13; c += 1) {
          for (let d = c; d <= 13; d += 1) {
            if (makes24([a, b, c, d])) {
              expected.push(`${a} ${b} ${c} ${d}`);
            }
          }
        }
      }
    }
    expect(hands).toEqual(expected);
    expect(hands).toHaveLength(1362);
  });

  test('has disjoint sets whose reference answers make 24', () => {
    const { pool, test } = checkSets({ kind: 'game24' }, { pool: 400, test: 100 });
    for (const { question, answer } of [...pool, ...test]) {
      // Our own generator's text, and nobody else's, may be run here.
      expect(answer).toMatch(/^[\d+\-*/() ]+$/);
      expect(Math.abs(new Function(`return ${answer}`)() - 24)).toBeLessThan(1e-9);
      expect(
        (answer?.match(/\d+/g) ?? [])
          .map(Number)
          .sort((a, b) => a - b)
          .join(' '),
      ).toBe(question);
    }
  });
});

/** The label by a closure over patterns, without the task's own reader. */
function labelByClosure(question: string): boolean | null {
  const [context = '', query = ''] = question.split(' True or false: ');
  const singular = (word: string) =>
    word
      .toLowerCase()
      .replace(/ies$/, 'y')
      .replace(/(us|x|ch)es$/, '$1')
      .replace(/([^us])s$/, '$1');
  const rules: [string, string, boolean][] = [];
  const facts = new Map<string, boolean>();
  for (const sentence of context.split('. ').map((text) => text.replace('.', ''))) {
    const rule =
      /^(?:Every|Each) (\S+) is (not )?(?:an? )?(\S+)$/.exec(sentence) ?? /^(\S+) are (not )?(\S+)$/.exec(sentence);
    const fact = /^(\S+) is (not )?(?:an? )?(\S+)$/.exec(sentence);
    if (rule !== null) {
      const isPlural = / are /.test(sentence);
      const predicate = rule[3] as string;
      rules.push([singular(rule[1] as string), isPlural ? singular(predicate) : predicate, rule[2] === undefined]);
    } else if (fact !== null) {
      facts.set(fact[3] as string, fact[2] === undefined);
    } else {
      return null;
    }
  }
  for (let round = 0; round < 20; round += 1) {
    for (const [subject, predicate, isTrue] of rules) {
      if (facts.get(subject) === true) {
        facts.set(predicate, isTrue);
      }
    }
  }
  const asked = /^(\S+) is (not )?(?:an? )?(\S+)\.$/.exec(query);
  const known = facts.get(asked?.[3] ?? '');
  return known === undefined ? null : known === (asked?.[2] === undefined);
}

describe('prontoqa', () => {
  test.each([
    // As many as by default.
    [{ pool_size: 2000, test_size: 500 }],
    [{ ontology: 'true' }],
    [{ ontology: 'false', ordering: 'postorder' }],
    [{ distractors: 'irrelevant', ordering: 'preorder' }],
    [{ hops: [1, 8], distractors: 'none', pool_size: 300, test_size: 60 }],
  ])('%j has disjoint sets whose labels are right and half of them true', (options) => {
    const sizes = { pool_size: 500, test_size: 120, ...options };
    const { pool, test } = checkSets({ kind: 'prontoqa', ...sizes }, { pool: sizes.pool_size, test: sizes.test_size });
    const labels = [...pool, ...test].map(({ question, answer }) => {
      const label = answer?.endsWith('True');
      expect(labelByClosure(question)).toBe(label);
      return label;
    });
    const share = labels.filter((label) => label).length / labels.length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  test('a chain of k hops has 2k + 1 sentences, and its stratum says k', () => {
    const { pool } = taskOf(taskSchema.parse({ kind: 'prontoqa', pool_size: 100, test_size: 10 })).makeData(1);
    for (const { answer, stratum } of pool) {
      const [chain = ''] = (answer ?? '').split('\n');
      expect(`hops-${(chain.split('. ').length - 1) / 2}`).toBe(stratum);
    }
  });
});

describe('gsm8k from templates', () => {
  test.each(['large', 'small'])('%s numbers: disjoint sets whose workings add up', (numbers) => {
    const { pool, test } = checkSets({ kind: 'gsm8k', source: 'templates', numbers }, { pool: 1000, test: 200 });
    for (const { answer } of [...pool, ...test]) {
      const steps = [...(answer ?? '').matchAll(/(-?\d+) ([-+*]) (-?\d+) = (-?\d+)/g)];
      expect(steps.length).toBeGreaterThan(0);
      for (const [, left, operator, right, result] of steps) {
        const [a, b] = [Number(left), Number(right)];
        expect(operator === '+' ? a + b : operator === '-' ? a - b : a * b).toBe(Number(result));
      }
      expect(answer?.endsWith(`#### ${steps.at(-1)?.[4]}`)).toBe(true);
    }
  });

  test('the new version of a problem with small numbers has small numbers', () => {
    const stream = randomStream('small');
    for (let index = 0; index < 500; index += 1) {
      const { template } = drawWordProblem(stream, 'small');
      expect(numbersOf(drawWordProblem(stream, 'small', template))).toBe('small');
    }
    expect(new Set(Array.from({ length: 50 }, () => numbersOf(drawWordProblem(stream, 'large'))))).toContain('large');
  });
});
