import * as fc from 'fast-check';
import { jsonl } from '../jsonl/task';
import { taskSchema } from '../registry';
import { referencesOf, writeReferences } from './any-of';

function taskWith(options: object) {
  const parsed = taskSchema.parse({ kind: 'jsonl', train: 'a', test: 'b', answer: 'answers', ...options });
  if (parsed.kind !== 'jsonl') {
    throw new Error('jsonl was asked for');
  }
  const task = jsonl(parsed);
  return {
    task,
    referenceOf: (answers: unknown) => {
      const read = task.files?.readRecord({ question: 'Who was it?', answers });
      return read?.ok === true ? read.row?.answer : read?.reason;
    },
  };
}

describe('several references', () => {
  it.each([
    ['exact', {}, ['Marie Curie', 'Curie'], 'curie', 'correct'],
    ['exact', {}, ['Marie Curie', 'Curie'], 'Pierre Curie', 'wrong'],
    ['number', {}, [12, '13'], 'It is 13.\n#### 13', 'correct'],
    ['number', {}, [12, 13], '#### 14', 'wrong'],
    ['number', {}, [12, 13], 'I cannot tell', 'unreadable'],
    ['text', { text: { measure: 'contains' } }, ['red', 'crimson'], 'a crimson door', 'correct'],
  ])('check: %s %j: of %j, %j is %s in an answer', (check, more, answers, answer, state) => {
    const { task, referenceOf } = taskWith({ check, ...more });
    expect(task.check('Who was it?', referenceOf(answers) ?? '', answer)).toMatchObject({ state });
  });

  it('of similarities, the best one is the score', () => {
    const { task, referenceOf } = taskWith({ check: 'text' });
    const score = (answers: unknown) => task.check('Q', referenceOf(answers) ?? '', 'a red door').score;
    expect(score(['a blue window', 'a red door'])).toBe(1);
    expect(score(['a red door', 'a blue window'])).toBe(1);
  });

  it('each must be readable, and an empty list is none', () => {
    const { referenceOf } = taskWith({ check: 'number' });
    expect(referenceOf([12, 'twelve or so'])).toContain('cannot be read by check: number');
    expect(referenceOf([])).toContain('"answers" is an empty list');
    expect(referenceOf([{ text: '12' }])).toContain('answers.text');
  });

  it('a list of one is that one; for check: json a list is one value', () => {
    expect(taskWith({ check: 'exact' }).referenceOf(['Curie'])).toBe('Curie');
    expect(taskWith({ check: 'json' }).referenceOf([1, 2])).toBe('[1,2]');
  });

  it('the teacher is shown the first', () => {
    const { task, referenceOf } = taskWith({ check: 'exact', prompts: { question: '{question} ({answer}) Another:' } });
    const seed = { id: 's', question: 'Who?', answer: referenceOf(['Curie', 'Marie Curie']) ?? '', stratum: 'all' };
    expect(task.questionMessages(seed)[0]?.content).toBe('Who? (Curie) Another:');
  });

  it('any texts survive being written as one reference', () => {
    void fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 2 }), ([first = '', ...others]) => {
        expect(referencesOf(writeReferences([first, ...others]))).toEqual([first, ...others]);
      }),
    );
  });

  it('any text is a reference', () => {
    void fc.assert(
      fc.property(fc.string(), (text) => {
        expect(referencesOf(`any of: [${text}`).length).toBeGreaterThan(0);
      }),
    );
  });
});
