import * as fc from 'fast-check';
import { randomStream } from '../../random';
import { alphabet, formatExpression, operators, parseExpression, workExpression } from './expressions';
import { operatorChains, readOperatorChainsRequest, withFreshDigits } from './task';

const oneStep = { step_weights: [1], zipf: 1.5, pool_size: 3000, test_size: 600 };
const chains = { ...oneStep, step_weights: [0.5, 0.35, 0.15] };
const task = operatorChains(oneStep);

const expressions = fc
  .tuple(
    fc.array(fc.constantFrom(...operators), { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }),
  )
  .map(([between, digits]) => ({ operators: between, digits: digits.slice(0, between.length + 1) }));

const workOf = (question: string) => {
  const expression = parseExpression(question);
  return expression === null ? null : workExpression(expression);
};

describe('expressions', () => {
  test.each([
    ['7%3=', '4'],
    ['3%7=', '4'],
    ['3-7=', '6'],
    ['9*9=', '1'],
    ['3<7=', '3'],
    ['3>7=', '7'],
    ['1a2=', '9'],
    ['9b9=', '2'],
    ['3+4*7=', '7*7=9'],
    ['3+4*7-2=', '7*7-2=9-2=7'],
    ['  3+4= \n', '7'],
  ])('%s is worked to %s', (question, working) => {
    expect(workOf(question)).toBe(working);
  });

  test.each(['', '7', '7=', '7%3', '77%3=', '7%%3=', '7?3=', '7%3=4', '7 % 3=', '-7%3=', '1+1+1+1+1+1+1='])(
    '%p is not a question',
    (text) => {
      expect(parseExpression(text)).toBeNull();
      expect(task.parseQuestion(text).ok).toBe(false);
    },
  );

  test('what is written is read back, and the working has its form and uses the alphabet alone', () => {
    void fc.assert(
      fc.property(expressions, (expression) => {
        const question = formatExpression(expression);
        const working = workExpression(expression);
        expect(parseExpression(question)).toEqual(expression);
        expect(task.parseAnswer(` ${working}\n`, question)).toEqual({ ok: true, value: working });
        expect([...question, ...working].every((character) => alphabet.includes(character))).toBe(true);
        expect(task.check(question, working, working)).toMatchObject({
          answered: true,
          wellFormed: true,
          correct: true,
        });
      }),
    );
  });

  test('the last step of a chain is the one-step question it ends in', () => {
    void fc.assert(
      fc.property(expressions, (expression) => {
        const lines = `${formatExpression(expression)}${workExpression(expression)}`.split('=');
        expect(workOf(`${lines.at(-2)}=`)).toBe(lines.at(-1));
      }),
    );
  });
});

describe('verdicts', () => {
  test.each([
    ['7%3=', '4', '4', 'answered, formed, correct'],
    ['7%3=', '4', ' 4\n', 'answered, formed, correct'],
    ['7%3=', '4', '5', 'answered, formed'],
    ['7%3=', '4', '44', 'answered'],
    ['7%3=', '4', '', ''],
    ['7%3=', '4', '  ', ''],
    ['3+4*7=', '7*7=9', '7*7=9', 'answered, formed, correct'],
    ['3+4*7=', '7*7=9', '8*7=9', 'answered, formed, correct'],
    ['3+4*7=', '7*7=9', '9', 'answered'],
    ['3+4*7=', '7*7=9', '7+7=9', 'answered'],
    ['3+4*7=', '7*7=9', '7*7=9=9', 'answered'],
  ])('%s with the reference %s and the answer %p is: %s', (question, reference, answer, expected) => {
    const verdict = task.check(question, reference, answer);
    const states = [
      verdict.answered && 'answered',
      verdict.wellFormed && 'formed',
      verdict.correct && 'correct',
    ].filter(Boolean);
    expect(states.join(', ')).toBe(expected);
  });
});

describe('data', () => {
  test('is the same in every process, and another for another run seed', () => {
    const first = task.makeData(1);
    expect([...first.pool].slice(0, 3)).toMatchInlineSnapshot(`
[
  {
    "answer": "9",
    "id": "pool-00000",
    "question": "3>9=",
    "stratum": "max",
  },
  {
    "answer": "0",
    "id": "pool-00001",
    "question": "0<2=",
    "stratum": "min",
  },
  {
    "answer": "9",
    "id": "pool-00002",
    "question": "2-3=",
    "stratum": "subtract",
  },
]
`);
    expect([...operatorChains(chains).makeData(1).pool][5]).toMatchInlineSnapshot(`
{
  "answer": "3",
  "id": "pool-00005",
  "question": "7%4=",
  "stratum": "distance",
}
`);
    expect(task.makeData(1)).toEqual(first);
    expect(task.makeData(2).pool).not.toEqual(first.pool);
  });

  test('a larger pool begins with the smaller one', () => {
    const larger = operatorChains({ ...oneStep, pool_size: 4000 }).makeData(1);
    expect([...larger.pool].slice(0, 3000)).toEqual([...task.makeData(1).pool]);
  });

  test.each([
    ['one step', oneStep],
    ['chains', chains],
  ])('%s: the pool is skewed, the balanced set is not', (_, options) => {
    const { tests, ...data } = operatorChains(options).makeData(3);
    const pool = [...data.pool];
    const count = (stratum: string, seeds = pool) => seeds.filter((seed) => seed.stratum === stratum).length;
    expect(pool).toHaveLength(3000);
    expect(new Set(pool.map(({ id }) => id)).size).toBe(3000);
    expect(count('map-f')).toBeLessThan(0.05 * 3000);
    expect(count('map-f')).toBeGreaterThan(0);
    expect(tests.test).toHaveLength(600);
    for (const { name } of operators) {
      expect(count(name, [...(tests.balanced ?? [])])).toBe(50);
    }
  });

  test('the pool follows 1/rank^zipf', () => {
    const pool = [...task.makeData(4).pool];
    const total = operators.reduce((sum, _, index) => sum + (index + 1) ** -1.5, 0);
    expect(pool.filter(({ stratum }) => stratum === 'add').length / 3000).toBeCloseTo(1 / total, 1);
  });

  test('the stratum of a chain is its rarest operator', () => {
    expect(task.stratum('3+4f7*2=', null)).toBe('map-f');
    expect(task.stratum('3+4=', null)).toBe('add');
  });
});

describe('requests', () => {
  const seed = { id: 'pool-00000', question: '3+4*7=', answer: '7*7=9', stratum: 'multiply' };

  test('say which question they are about', () => {
    expect(readOperatorChainsRequest(task.questionMessages(seed))).toEqual({
      asks: 'question',
      expression: parseExpression(seed.question),
    });
    expect(readOperatorChainsRequest(task.answerMessages('7%3='))).toEqual({
      asks: 'answer',
      expression: parseExpression('7%3='),
    });
  });

  test('of another kind are not answered', () => {
    expect(readOperatorChainsRequest([])).toBeNull();
    expect(readOperatorChainsRequest([{ role: 'user', content: 'hello\n\n7%3=\n\nworld' }])).toBeNull();
  });

  test('have a fixed text, since their hash is their identity: change promptVersion with it', () => {
    expect([
      task.promptVersion,
      ...task.questionMessages(seed),
      ...task.answerMessages('7%3=').slice(1),
    ]).toMatchInlineSnapshot(`
[
  1,
  {
    "content": "The questions are expressions over the digits 0 to 9 that end in "=". They are read strictly from left to right,
without precedence, and every result is one digit. "x ? y" means, for each operator:
x + y: the last digit of x + y, counted up from 0 (modulo 10)
x - y: the last digit of x - y, counted up from 0 (modulo 10)
x * y: the last digit of x * y, counted up from 0 (modulo 10)
x < y: the smaller of x and y
x > y: the larger of x and y
x % y: the absolute difference of x and y
x a y: the last digit of 3 * x + 7 * y + 2, counted up from 0 (modulo 10)
x b y: the last digit of 9 * x + 4 * y + 5, counted up from 0 (modulo 10)
x c y: the last digit of 7 * x + 1 * y + 8, counted up from 0 (modulo 10)
x d y: the last digit of 2 * x + 9 * y + 1, counted up from 0 (modulo 10)
x e y: the last digit of 6 * x + 3 * y + 4, counted up from 0 (modulo 10)
x f y: the last digit of 1 * x + 8 * y + 7, counted up from 0 (modulo 10)
The answer to an expression with one operator is its result, for instance 7%3= has the answer 4.
The answer to a longer one repeats what is left after each step, for instance 3+4*7= has the answer 7*7=9.
Reply without spaces and without any other text.",
    "role": "system",
  },
  {
    "content": "Example question:

3+4*7=

Write one new question with the same operators in the same order and new random digits.",
    "role": "user",
  },
  {
    "content": "Question:

7%3=

Write the answer: what stands behind the "=".",
    "role": "user",
  },
]
`);
  });

  test('a new question keeps the operators', () => {
    void fc.assert(
      fc.property(expressions, fc.nat(), (expression, name) => {
        const fresh = withFreshDigits(expression, randomStream('test', name));
        expect(fresh.operators).toEqual(expression.operators);
        expect(parseExpression(formatExpression(fresh))).toEqual(fresh);
      }),
    );
  });
});
