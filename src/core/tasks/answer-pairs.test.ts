import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskOf, taskSchema } from './registry';

/** One answer to one reference, with the verdict that a person gives. */
interface Pair {
  readonly task: string;
  readonly reference: string;
  readonly answer: string;
  readonly correct: boolean;
  /** Options of the jsonl task, where the check needs some. */
  readonly options?: object;
}

const data = join(__dirname, '..', '..', '..', 'test', 'data');
const pairs = ['answer-pairs.jsonl', 'more-answer-pairs.jsonl', 'model-style-answer-pairs.jsonl'].flatMap((name) =>
  readFileSync(join(data, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Pair),
);

const questions: Readonly<Record<string, string>> = {
  game24: '4 9 10 13',
  prontoqa: 'Sam is a cat. Every cat is red. True or false: Sam is red.',
};

const optionsOf = (task: string, options: object) =>
  task === 'MATH'
    ? { kind: 'math' }
    : task in questions
      ? { kind: task }
      : { kind: 'jsonl', train: 'a', test: 'b', check: task, ...options };

/** Only math-verify finds these equal; the integration tests ask it. */
const forTheEngine = new Set([
  'x^2+1 | \\boxed{1+x^2}',
  '\\pi/4 | \\boxed{\\frac{\\pi}{4}}',
  '\\boxed{\\sqrt{9}} | \\boxed{3}',
  '\\boxed{\\dfrac{x}{2}} | \\boxed{x/2}',
  '\\boxed{3x-y+13=0} | \\boxed{y=3x+13}',
  '\\boxed{\\sqrt{1/n}} | \\boxed{\\frac{1}{\\sqrt{n}}}',
]);

test.each(pairs)(
  '$task: $answer for $reference is correct: $correct',
  ({ task: name, reference, answer, correct, options = {} }) => {
    const task = taskOf(taskSchema.parse(optionsOf(name, options)));
    const verdict = task.check(questions[name] ?? '', reference, answer);
    if (forTheEngine.has(`${reference} | ${answer}`)) {
      expect(verdict.state).toBe('wrong');
      expect(task.secondOpinion?.pair(reference, answer)).not.toBeNull();
    } else {
      expect(verdict.correct).toBe(correct);
    }
  },
);

test('a text of many pages is read to its marker', () => {
  const answer = `#### 42\n${'and the reasoning above confirms it. '.repeat(700)}`;
  const task = taskOf(taskSchema.parse(optionsOf('number', {})));
  expect(task.check('', '42', answer)).toMatchObject({ state: 'correct', readAs: '42' });
});

test.each(['I do not know', '\\boxed{I do not know}', 'I cannot solve this.'])(
  '%s is no wrong formula: it is unreadable',
  (answer) => {
    const task = taskOf(taskSchema.parse(optionsOf('MATH', {})));
    expect(task.check('', '\\boxed{12}', answer).state).toBe('unreadable');
  },
);
