import { taskOf, taskSchema } from '../tasks/registry';
import { disagreement } from './agreement';

const own = { kind: 'jsonl', train: 'a', test: 'b' };

const cases: [claim: string, task: object, texts: [string, string, ...(string | null)[]], agree: number, finds: string | null][] = [
  ['two of three that agree are enough', { ...own, check: 'number' }, ['How many?', '#### 5', '#### 5.0', '#### 6'], 0, null],
  ['two of three are too few where more are wanted', { ...own, check: 'number' }, ['How many?', '#### 5', '#### 5', '#### 6'], 0.7, '2 of 3 readable'],
  ['an answer that stands alone is doubted, though the others agree', { ...own, check: 'number' }, ['How many?', '#### 5', '#### 6', '#### 6'], 0, '1 of 3 readable'],
  ['a tie decides nothing', { ...own, check: 'number' }, ['How many?', '#### 5', '#### 5', '#### 6', '#### 6'], 0, '2 of 4 readable'],
  ['one of two is a tie', { ...own, check: 'exact' }, ['Who?', 'Ada', 'Bob'], 0, '1 of 2 readable'],
  ['what cannot be read neither agrees nor disagrees', { ...own, check: 'number' }, ['How many?', '#### 5', null, '#### 5'], 0, null],
  ['without another readable answer there is no agreement', { ...own, check: 'choice' }, ['Which?', 'B', null, null], 0, 'no other answer'],
  ['all that were asked for can be wanted', { ...own, check: 'choice' }, ['Which?', 'B', '(b)', 'The answer is B.'], 1, null],
  ['ways to 24 agree when both are right', { kind: 'game24' }, ['4 9 10 13', '(10 - 4) * (13 - 9)', '(13 - 9) * (10 - 4)', '(10 - 4) * (13 - 9)'], 0, null],
  ['a wrong way does not agree with itself', { kind: 'game24' }, ['4 9 10 13', '10 - 4 + 13 - 9', '(13 - 9) * (10 - 4)', '10 - 4 + 13 - 9'], 0, '0 of 3 readable'],
  ['workings of a chain agree by their last digit', { kind: 'operator-chains' }, ['3+4*7=', '7*7=9', '7*7=9', '7*7=8'], 0, null],
  ['proofs agree by their label', { kind: 'prontoqa' }, ['Sam is a cat. Every cat is red. True or false: Sam is red.', 'True', 'Sam is a cat. Sam is red.\nTrue', 'False'], 0, null],
]; // biome-ignore format: a table

test.each(cases)('%s', (_, options, [question, answer, ...others], agree, finds) => {
  const found = disagreement(taskOf(taskSchema.parse(options)), { agree }, { question, answer, others });
  expect(found === null ? null : found.slice(0, (finds ?? '').length)).toBe(finds);
});
