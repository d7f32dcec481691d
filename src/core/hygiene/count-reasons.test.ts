import type { RejectedRow } from '../records';
import { countReasons } from './count-reasons';

test('reasons that differ in names, numbers and quoted text are one reason, and the most frequent stands first', () => {
  const rejected: [RejectedRow['stage'], string][] = [
    ['question', 'not four numbers from 1 to 13: "4 9 10"'],
    ['duplicate', 'near row 001-000003: ROUGE-L 0.85'],
    ['duplicate', 'near row 002-000017: ROUGE-L 0.91'],
    ['leak', 'the same as test question test-00012'],
    ['answer', 'not a working of 3+4*7=: "49"'],
    ['duplicate', 'near seed train-00001: ROUGE-L 0.80'],
  ];
  expect(Object.entries(countReasons(rejected.map(([stage, reason]) => ({ stage, reason }))))).toEqual([
    ['duplicate: near row …', 2],
    ['answer: not a working of …', 1],
    ['duplicate: near seed …', 1],
    ['leak: the same as test question …', 1],
    ['question: not four numbers from … to …', 1],
  ]);
});

test('however many reasons an endpoint invents, a record stays small', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  const rejected = [...letters].map((letter) => ({ stage: 'call' as const, reason: letter.repeat(5000) }));
  const counts = countReasons(rejected);
  expect(Object.keys(counts)).toHaveLength(21);
  expect(counts.others).toBe(6);
  expect(JSON.stringify(counts).length).toBeLessThan(3000);
});
