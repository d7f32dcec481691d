import type { ArtifactRef } from './artifact-ref';
import { weightsToDrop } from './kept-students';
import type { RunRecord } from './run-record';

const ref = (name: string): ArtifactRef => ({ kind: 'model', sha256: name, bytes: 1 });

function dropped(keep: 'all' | 'last' | 'best' | undefined, correct: number[], adapters = true): string[] {
  const iterations = correct.map((right, index) => ({
    student: adapters ? { base: ref('base'), adapter: ref(`s${index + 1}`) } : { base: ref(`s${index + 1}`) },
    evaluation: { overall: { correct: right, total: 10 } },
  }));
  const config = { student: keep === undefined ? {} : { keep } };
  const record = { config, prepared: { base: { base: ref('base') } }, iterations };
  return weightsToDrop(record as unknown as RunRecord).map(({ sha256 }) => sha256);
}

it.each([
  { keep: undefined, correct: [1, 2, 3], expected: [] },
  { keep: 'all' as const, correct: [1, 2, 3], expected: [] },
  { keep: 'last' as const, correct: [], expected: [] },
  { keep: 'last' as const, correct: [5], expected: [] },
  { keep: 'last' as const, correct: [5, 2, 3], expected: ['s1', 's2'] },
  { keep: 'best' as const, correct: [5, 2, 3], expected: ['s2'] },
  { keep: 'best' as const, correct: [5, 5, 3], expected: ['s1'] },
  { keep: 'best' as const, correct: [1, 2, 3], expected: ['s1', 's2'] },
])(
  'keep: $keep lets go of $expected after $correct right answers, never of the base',
  ({ keep, correct, expected }) => {
    expect(dropped(keep, correct)).toEqual(expected);
    expect(dropped(keep, correct, false)).toEqual(expected);
  },
);
