import * as fc from 'fast-check';
import type { VerdictState } from '../../records';
import { taskOf, taskSchema } from '../registry';

const jsonl = (options: object) => taskOf(taskSchema.parse({ kind: 'jsonl', train: 'a', test: 'b', ...options }));

type Case = readonly [reference: string, answer: string, state: VerdictState];

const spam = { check: 'labels', labels: ['spam', 'not spam'] };
const fever = { check: 'labels', labels: ['SUPPORTS', 'REFUTES', 'NOT ENOUGH INFO'] };
const mood = { check: 'labels', labels: ['positive', 'negative', 'neutral'] };
const person = { check: 'json', json: { fields: ['name', 'address.city'] } };
const typed = {
  check: 'json',
  json: { schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
};

const cases: readonly (readonly [claim: string, options: object, Case])[] = [
  ['a label alone', mood, ['positive', 'Positive.', 'correct']],
  ['a label behind ####', mood, ['positive', 'It is cheerful.\n#### positive', 'correct']],
  ['a label in a sentence', mood, ['positive', 'The sentiment is **positive**.', 'correct']],
  ['another label', mood, ['positive', 'The sentiment is negative.', 'wrong']],
  ['a longer label is not the shorter one in it', spam, ['spam', 'not spam', 'wrong']],
  ['the longer label itself', spam, ['not spam', 'This is not spam.', 'correct']],
  ['a label in other spacing and case', fever, ['NOT ENOUGH INFO', 'not_enough_info', 'correct']],
  ['two labels are none', mood, ['positive', 'The answer is positive or negative', 'unreadable']],
  ['a denied label is none', mood, ['positive', 'It is not positive', 'unreadable']],
  ['a guess is none', mood, ['positive', 'It might be positive', 'unreadable']],
  ['no label', mood, ['positive', 'I cannot say.', 'unreadable']],
  ['part of a word is no label', mood, ['positive', 'It is positively great', 'unreadable']],
  ['a reference that is no label', mood, ['good', 'positive', 'unmeasured']],
  [
    'keys in another order',
    { check: 'json' },
    ['{"a": 1, "b": [2]}', 'Here it is:\n```json\n{"b":[2],\n"a":1}\n```', 'correct'],
  ],
  ['a list in another order', { check: 'json' }, ['[1, 2]', '[2, 1]', 'wrong']],
  ['a key too many', { check: 'json' }, ['{"a": 1}', '{"a": 1, "b": 2}', 'wrong']],
  ['a text is not a number', { check: 'json' }, ['{"a": 1}', '{"a": "1"}', 'wrong']],
  [
    'only the fields that are named',
    person,
    [
      '{"name": "Ada", "address": {"city": "York"}}',
      '{"address": {"city": "York", "zip": 1}, "name": "Ada", "x": 0}',
      'correct',
    ],
  ],
  [
    'a field that differs',
    person,
    ['{"name": "Ada", "address": {"city": "York"}}', '{"name": "Ada", "address": {"city": "Bath"}}', 'wrong'],
  ],
  ['cut off', { check: 'json' }, ['{"a": 1}', '{"a": 1', 'unreadable']],
  ['braces in text', { check: 'json' }, ['{"a": "}"}', 'So {"a": "}"} it is', 'correct']],
  ['what the schema refuses', typed, ['{"n": 1}', '{"n": "one"}', 'unreadable']],
  ['what the schema takes', typed, ['{"n": 1}', '{"n": 1}', 'correct']],
  ['prose', { check: 'json' }, ['{"a": 1}', 'a is one', 'unreadable']],
  ['whole words', { check: 'text', text: { measure: 'contains' } }, ['Paris', 'It is in Paris, France.', 'correct']],
  ['part of a word', { check: 'text', text: { measure: 'contains' } }, ['art', 'The party', 'wrong']],
  [
    'many words in common',
    { check: 'text', text: { at_least: 0.6 } },
    ['We refund within ten days.', 'We will refund you within ten days', 'correct'],
  ],
  [
    'few words in common',
    { check: 'text', text: { at_least: 0.6 } },
    ['We refund within ten days.', 'No refunds', 'wrong'],
  ],
  [
    'the same words in another order',
    { check: 'text', text: { measure: 'rouge-l', at_least: 0.9 } },
    ['a b c d', 'd c b a', 'wrong'],
  ],
  ['scripts without spaces', { check: 'text', text: { at_least: 0.7 } }, ['十天内退款', '我们十天内退款', 'correct']],
  ['nothing', { check: 'text' }, ['a', ' ', 'unreadable']],
];

test.each(cases)('%s', (_, options, [reference, answer, state]) => {
  const verdict = jsonl(options).check('', reference, answer);
  expect(verdict.state).toBe(state);
  expect(verdict.correct).toBe(state === 'correct');
});

test('the stratum of a new row is the label of its own answer, not that of its seed', () => {
  const seed = { id: '', question: '', answer: 'positive', stratum: 'positive' };
  expect(jsonl(mood).stratum('Q?', seed, 'It is dull.\n#### negative')).toBe('negative');
  expect(jsonl(mood).stratum('Q?', seed)).toBe('positive');
  expect(jsonl({ ...mood, stratum: 'topic' }).stratum('Q?', seed, '#### negative')).toBe('positive');
});

const everyCheck = [spam, fever, mood, person, typed, { check: 'json' }, { check: 'text' }];

test.each(everyCheck)('%j: the reference is a right answer, and no text makes it throw', (options) => {
  const task = jsonl(options);
  const right =
    options.check === 'labels' ? (spam.labels[1] as string) : '{"n": 1, "name": "a", "address": {"city": "b"}}';
  if (options === spam || options.check !== 'labels') {
    expect(task.check('', right, right).state).toBe('correct');
  }
  void fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.constantFrom('{'.repeat(5000), '"\\'.repeat(2000), 'spam not '.repeat(900)),
      ),
      (text) => {
        const { state, correct } = task.check('', right, text);
        expect(correct).toBe(state === 'correct');
      },
    ),
    { numRuns: 200 },
  );
});

test.each([
  [{ check: 'labels' }, 'missing'],
  [{ check: 'labels', labels: ['a'] }, 'labels'],
  [{ check: 'labels', labels: ['a', 'A'] }, 'different labels'],
  [{ check: 'json', json: { schema: { type: 'nothing' } } }, 'a JSON Schema'],
])('%j is refused', (options, message) => {
  const parsed = taskSchema.safeParse({ kind: 'jsonl', train: 'a', test: 'b', ...options });
  // A missing list is told by the checks across values.
  expect(parsed.success ? 'missing' : parsed.error.message).toContain(message);
});
