import { taskSchema } from '../tasks/registry';
import { taskOf } from './registry';

type State = 'correct' | 'wrong' | 'right, badly formed' | 'badly formed' | 'unanswered';

/** One claim: to this question and reference, this answer is so. */
type Case = readonly [reference: string, answer: string, state: State, question?: string];

function check(options: object, cases: readonly Case[]) {
  const task = taskOf(taskSchema.parse(options));
  test.each(
    cases.map(([reference, answer, state, question = ''], index) => ({ index, reference, answer, state, question })),
  )('$index: $answer for $reference is $state', ({ reference, answer, state, question }) => {
    const { answered, wellFormed, correct } = task.check(question, reference, answer);
    const found = !answered
      ? 'unanswered'
      : correct
        ? wellFormed
          ? 'correct'
          : 'right, badly formed'
        : wellFormed
          ? 'wrong'
          : 'badly formed';
    expect(found).toBe(state);
  });
}

const numbers = (options: object) => ({ kind: 'jsonl', train: 'a', test: 'b', ...options });
const long = '7'.repeat(100_000);

describe('gsm8k', () => {
  check({ kind: 'gsm8k' }, [
    ['#### 72', 'She sold 48 + 24 = 72 clips.\n#### 72', 'correct'],
    ['#### 72', '#### 73', 'wrong'],
    ['#### 72', '####72', 'correct'],
    ['#### 72', '#### 72.', 'correct'],
    ['#### 72', '#### 72.0', 'correct'],
    ['#### 72', '#### 72.00', 'correct'],
    ['#### 72', '#### 072', 'correct'],
    ['#### 72', '#### 72 clips', 'correct'],
    ['#### 72', '#### $72', 'correct'],
    ['#### 72', '#### $ 72', 'correct'],
    ['#### 72', '#### €72.00', 'correct'],
    ['#### 72', '#### 72%', 'correct'],
    ['#### 72', '#### 72 %', 'correct'],
    ['#### 72', '#### 72 dollars.', 'correct'],
    ['#### 72', '#### (72)', 'correct'],
    ['#### 72', '#### **72**', 'correct'],
    ['#### 72', '#### x = 72', 'correct'],
    ['#### 72', '#### 48 + 24 = 72', 'correct'],
    ['#### 72', '#### 144/2', 'correct'],
    ['#### 72', '#### 7.2e1', 'correct'],
    ['#### 72', '#### 72 or 73', 'badly formed'],
    ['#### 72', '#### 72 and 72', 'correct'],
    ['#### 72', '#### 70\n#### 72', 'correct'],
    ['#### 72', '#### 72\n#### 70', 'wrong'],
    ['#### 72', '#### -72', 'wrong'],
    ['#### -72', '#### -72', 'correct'],
    ['#### -72', '#### \u221272', 'correct'],
    ['#### -72', '#### \u201372', 'correct'],
    ['#### -72', '#### -$72', 'correct'],
    ['#### -72', '#### $-72', 'correct'],
    ['#### -72', '#### - 72', 'correct'],
    ['#### -72', '#### 72', 'wrong'],
    ['#### -72', '#### --72', 'badly formed'],
    ['#### 1,234.50', '#### 1234.5', 'correct'],
    ['#### 1234.5', '#### 1,234.50', 'correct'],
    ['#### 1234.5', '#### $1,234.50', 'correct'],
    ['#### 1234.5', '#### 1.234,50', 'badly formed'],
    ['#### 1234', '#### 12,34', 'badly formed'],
    ['#### 1234567', '#### 1,234,567', 'correct'],
    ['#### 1234567', '#### 1,234567', 'badly formed'],
    ['#### 1234567', '#### 1 234 567', 'correct'],
    ['#### 0.5', '#### .5', 'correct'],
    ['#### 0.5', '#### 1/2', 'correct'],
    ['#### 1.5', '#### 1 1/2', 'correct'],
    ['#### 1.5', '#### 1\u00bd', 'correct'],
    ['#### 0.3', '#### 0.30000000000000004', 'wrong'],
    ['#### 3', '#### 1/0', 'badly formed'],
    ['#### 5', 'The answer is 5.', 'right, badly formed'],
    ['#### 5', 'The answer is: 5', 'right, badly formed'],
    ['#### 5', 'Answer: 5', 'right, badly formed'],
    ['#### 5', 'So she has \\boxed{5}.', 'right, badly formed'],
    ['#### 5', 'He had 10, gave 5 and so he has 5', 'right, badly formed'],
    ['#### 5', 'The answer is not 5', 'badly formed'],
    ['#### 5', '#### not 5', 'badly formed'],
    ['#### 5', "It isn't 5", 'badly formed'],
    ['#### 5', 'the answer is 6, not 5', 'badly formed'],
    ['#### 6', '#### 6, not 5', 'correct'],
    ['#### 5', '####', 'badly formed'],
    ['#### 5', '#### five', 'badly formed'],
    ['#### 5', '', 'unanswered'],
    ['#### 5', ' \n\t ', 'unanswered'],
    ['#### 5', 'no idea', 'badly formed'],
    ['#### 5', long, 'badly formed'],
    ['#### 5', `#### ${long}`, 'badly formed'],
    ['#### 5', `${long}\n#### 5`, 'correct'],
    ['#### 5', '\uff03\uff03\uff03\uff03 \uff15', 'correct'],
    ['#### 25', '#### 5\u00b2', 'correct'],
    ['#### 5', '#### x5', 'badly formed'],
    ['#### 5', '#### NaN', 'badly formed'],
    ['#### 5', '#### Infinity', 'badly formed'],
    ['#### 5', '#### 0x5', 'badly formed'],
    ['#### 2', '#### 2 hours 30 minutes', 'badly formed'],
  ]);
});

describe('math, by normalising alone', () => {
  check({ kind: 'math' }, [
    ['\\boxed{\\frac{3}{4}}', 'so \\boxed{\\frac34}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{\\dfrac{3}{4}}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{\\tfrac34}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{3/4}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{0.75}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{.75}', 'correct'],
    ['\\boxed{-\\frac{3}{4}}', '\\boxed{\\frac{-3}{4}}', 'correct'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{-\\frac{3}{4}}', 'wrong'],
    ['\\boxed{\\frac{3}{4}}', '\\boxed{\\frac{4}{3}}', 'wrong'],
    ['\\boxed{5}', '\\boxed{ 5 }', 'correct'],
    ['\\boxed{5}', '\\boxed 5', 'correct'],
    ['\\boxed{5}', '\\fbox{5}', 'correct'],
    ['\\boxed{5}', '\\boxed{x = 5}', 'correct'],
    ['\\boxed{5}', '\\boxed{5.}', 'correct'],
    ['\\boxed{5}', '\\boxed{$5$}', 'correct'],
    ['\\boxed{5}', '\\boxed{\\$5}', 'correct'],
    ['\\boxed{5}', '\\boxed{5\\%}', 'correct'],
    ['\\boxed{5}', '\\boxed{5\\text{ cm}}', 'correct'],
    ['\\boxed{5}', '\\boxed{5 \\mbox{ inches}^2}', 'correct'],
    ['\\boxed{90}', '\\boxed{90^\\circ}', 'correct'],
    ['\\boxed{90}', '\\boxed{90^{\\circ}}', 'correct'],
    ['\\boxed{1234}', '\\boxed{1,234}', 'correct'],
    ['\\boxed{1234}', '\\boxed{1{,}234}', 'correct'],
    ['\\boxed{1234}', '\\boxed{1,\\!234}', 'correct'],
    ['\\boxed{\\sqrt{2}}', '\\boxed{\\sqrt2}', 'correct'],
    ['\\boxed{2\\sqrt{3}}', '\\boxed{2\\sqrt 3}', 'correct'],
    ['\\boxed{(1,2)}', '\\boxed{(1, 2)}', 'correct'],
    ['\\boxed{(1,2)}', '\\boxed{\\left(1,2\\right)}', 'correct'],
    ['\\boxed{[1,2)}', '\\boxed{(1,2]}', 'wrong'],
    ['\\boxed{(-\\infty,2]}', '\\boxed{(-\\infty, 2]}', 'correct'],
    ['\\boxed{(-\\infty,2]}', '\\boxed{(-\\infty, 2)}', 'wrong'],
    ['\\boxed{\\text{(A)}}', '\\boxed{(A)}', 'correct'],
    ['\\boxed{\\text{east}}', '\\boxed{east}', 'correct'],
    ['\\boxed{x+1}', '\\boxed{x + 1}', 'correct'],
    ['\\boxed{x+1}', '\\boxed{1+x}', 'wrong'],
    ['\\boxed{-5}', '\\boxed{\u22125}', 'correct'],
    ['\\boxed{5}', '\\boxed{4} then \\boxed{5}', 'correct'],
    ['\\boxed{5}', '\\boxed{5} then \\boxed{4}', 'wrong'],
    ['\\boxed{5}', 'the answer is 5', 'right, badly formed'],
    ['\\boxed{5}', '\\boxed{}', 'badly formed'],
    ['\\boxed{5}', '\\boxed{5', 'badly formed'],
    ['\\boxed{5}', '', 'unanswered'],
    ['\\boxed{5}', `\\boxed{${long}}`, 'badly formed'],
    ['\\boxed{5}', '\\boxed{\\frac{\\frac{10}{2}}{1}}', 'wrong'],
    ['\\boxed{x \\le 3}', '\\boxed{x \\leq 3}', 'correct'],
  ]);
});

describe('game24', () => {
  const hand = '4 9 10 13';
  check({ kind: 'game24' }, [
    ['', '(10 - 4) * (13 - 9)', 'correct', hand],
    ['', 'Answer: (10 - 4) * (13 - 9) = 24', 'correct', hand],
    ['', '13 - 9 = 4\n10 - 4 = 6\n(10 - 4) × (13 − 9)', 'correct', hand],
    ['', '(13-9)*(10-4)', 'correct', hand],
    ['', '((10 - 4)) * ((13 - 9))', 'correct', hand],
    ['', '10 + 4 + 9 + 13', 'wrong', hand],
    ['', '4 * 10 - 13 - 9', 'wrong', hand],
    ['', '24', 'badly formed', hand],
    ['', '(10 - 4) * 4', 'badly formed', hand],
    ['', '(10 - 4) * (13 - 9) * 1', 'badly formed', hand],
    ['', '(10 - 4) * (13 - 9', 'badly formed', hand],
    ['', '10 - 4) * (13 - 9)', 'badly formed', hand],
    ['', '(10 - 4)(13 - 9)', 'correct', hand],
    ['', '4 ** 9 + 10 + 13', 'badly formed', hand],
    ['', '4! + 9 * 10 * 13', 'badly formed', hand],
    ['', '-4 + 9 + 10 + 13', 'badly formed', hand],
    ['', 'process.exit(1)', 'badly formed', hand],
    ['', '__import__("os").system("ls")', 'badly formed', hand],
    ['', '4 / (9 - 9) + 10 + 13', 'badly formed', hand],
    ['', '', 'unanswered', hand],
    ['', long, 'badly formed', hand],
    ['', '('.repeat(100_000), 'badly formed', hand],
    ['', '8 / (3 - 8 / 3)', 'correct', '3 3 8 8'],
    ['', '5 * (5 - 1 / 5)', 'correct', '1 5 5 5'],
    ['', '3 * 8 / 1 / 1', 'correct', '1 1 3 8'],
    ['', '3 * 8 + 1 / 1', 'wrong', '1 1 3 8'],
    ['', '4 / (1 - 1) + 20', 'badly formed', '1 1 4 13'],
  ]);
});

describe('prontoqa', () => {
  const question =
    'Sam is a wumpus. Every wumpus is a rompus. Rompuses are not red. Each impus is red. True or false: Sam is red.';
  const proof = 'Sam is a wumpus. Every wumpus is a rompus. Sam is a rompus. Every rompus is not red. Sam is not red.';
  const cases: Case[] = [
    ['False', 'False', 'correct', question],
    ['False', 'false.', 'correct', question],
    ['False', 'The answer is False', 'correct', question],
    ['False', `${proof}\nFalse`, 'correct', question],
    ['False', 'True', 'wrong', question],
    ['False', 'not true', 'correct', question],
    ['False', 'True or False', 'badly formed', question],
    ['False', 'Unknown', 'badly formed', question],
    ['False', '', 'unanswered', question],
    ['False', `${long}\nFalse`, 'correct', question],
  ];
  check({ kind: 'prontoqa' }, cases);

  const proofs = (answer: string) =>
    taskOf(taskSchema.parse({ kind: 'prontoqa', check: 'proof' })).check(question, 'False', answer);

  test.each([
    [`${proof}\nFalse`, 'valid', true],
    ['Sam is a wumpus. Sam is a rompus. Sam is not red.\nFalse', 'valid', true],
    ['False', 'absent', false],
    [`${proof}\nTrue`, 'invalid', false],
    ['Sam is a rompus. Sam is not red.\nFalse', 'invalid', false],
    ['Sam is a wumpus. Every wumpus is not red. Sam is not red.\nFalse', 'invalid', false],
    ['Sam is an impus. Sam is red.\nFalse', 'invalid', false],
    ['Sam is a wumpus. Every wumpus is a rompus.\nFalse', 'invalid', false],
    ['Because I say so.\nFalse', 'invalid', false],
  ])('%p is a proof that is %s', (answer, proof, correct) => {
    expect(proofs(answer)).toMatchObject({ proof, correct, wellFormed: true });
  });
});

describe('jsonl, number', () => {
  check(numbers({ check: 'number' }), [
    ['5', '5', 'correct'],
    ['5', 'the answer is 5', 'correct'],
    ['5', 'first 3, then 5', 'correct'],
    ['1/3', '\\boxed{\\frac{1}{3}}', 'correct'],
    ['5', 'none', 'badly formed'],
  ]);
});

describe('jsonl, choice', () => {
  check(numbers({ check: 'choice' }), [
    ['B', 'B', 'correct'],
    ['B', '(B)', 'correct'],
    ['B', 'b', 'correct'],
    ['B', 'B.', 'correct'],
    ['B', 'B) Paris', 'correct'],
    ['(B)', 'The answer is (B) Paris.', 'correct'],
    ['B', 'The answer is B', 'correct'],
    ['B', '\\boxed{B}', 'correct'],
    ['B', '#### B', 'correct'],
    ['B', 'I think A is wrong.\nB', 'correct'],
    ['B', 'C', 'wrong'],
    ['B', 'A or B', 'badly formed'],
    ['B', '(A) or (B)', 'badly formed'],
    ['B', 'A, B', 'badly formed'],
    ['B', 'The answer is not B', 'badly formed'],
    ['A', 'A cat sat there', 'badly formed'],
    ['B', 'Paris', 'badly formed'],
    ['B', '', 'unanswered'],
  ]);
});

describe('jsonl, exact', () => {
  check(numbers({ check: 'exact' }), [
    ['Paris', 'paris', 'correct'],
    ['Paris', ' Paris. ', 'correct'],
    ['Paris', '"Paris"', 'correct'],
    ['Paris', 'The answer is Paris', 'correct'],
    ['Paris', '#### Paris', 'correct'],
    ['Paris', 'I reason.\nParis', 'correct'],
    ['Paris', 'Paris, France', 'wrong'],
    ['Paris', 'Lyon', 'wrong'],
    ['Paris', 'The answer is not Paris', 'badly formed'],
    ['Paris', '', 'unanswered'],
  ]);
});

describe('jsonl, math', () => {
  check(numbers({ check: 'math' }), [
    ['\\frac12', '0.5', 'correct'],
    ['\\frac12', '#### 1/2', 'correct'],
    ['$x+1$', '\\boxed{x + 1}', 'correct'],
    ['2', '3', 'wrong'],
  ]);
});

describe('jsonl, regex', () => {
  check(numbers({ check: 'regex', pattern: 'code: ([A-Z]+)' }), [
    ['code: AB', 'I say\ncode: AB', 'correct'],
    ['code: AB', 'code: AC', 'wrong'],
    ['code: AB', 'AB', 'badly formed'],
  ]);

  test.each(['a*b*c*', '(x)\\1', '[', '(?=a)b', '', '(yes|no)?'])('%s is refused', (pattern) => {
    expect(taskSchema.safeParse(numbers({ check: 'regex', pattern })).success).toBe(false);
  });

  test.each(['([A-Z]+)', 'x = (-?[0-9]+)', '^(yes|no)$', '\\((.)\\)', '(a+)+', '\\d{4}-\\d{2}-\\d{2}', '(?:ab){2,}'])(
    '%s is allowed',
    (pattern) => {
      expect(taskSchema.safeParse(numbers({ check: 'regex', pattern })).success).toBe(true);
    },
  );
});
