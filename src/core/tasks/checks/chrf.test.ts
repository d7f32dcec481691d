import { chrF } from './chrf';

/** Values of sacrebleu 2.6.0: `CHRF().sentence_score(answer, [reference])`. */
test.each([
  ['The cat is on the mat.', 'The cat sat on the mat.', 0.671727],
  ['ten days', '10 days', 0.297636],
  ['Wir erstatten innerhalb von zehn Tagen.', 'Wir zahlen in zehn Tagen zurück.', 0.351328],
  ['十天内退款', '我们十天内退款', 0.865554],
  ['a', 'a', 1],
  ['abc', 'xyz', 0],
  ['ab', 'abcdefgh', 0.55],
  ['SELECT name FROM users', 'SELECT name, age FROM users WHERE 1', 0.792829],
  ['a', ' ', 0],
])('%j and %j: %s', (reference, answer, score) => expect(chrF(reference, answer)).toBeCloseTo(score, 5));
