import { mcnemarP } from './mcnemar';
import { permutationP } from './permutation';

const repeated = (value: number, times: number) => Array.from({ length: times }, () => value);

test.each([
  [12, 3],
  [30, 25],
  [5, 5],
])('of right and wrong alone (%i against %i) it agrees with the exact McNemar test', (first, second) => {
  const differences = [...repeated(1, first), ...repeated(-1, second), ...repeated(0, 40)];
  expect(permutationP(differences, { stream: ['test'], draws: 20_000 })).toBeCloseTo(mcnemarP(first, second), 1);
});

test('scores that are all a little higher are distinguished, and equal ones are not', () => {
  const higher = Array.from({ length: 30 }, (_, index) => 0.01 + (index % 5) / 100);
  expect(permutationP(higher, { stream: ['test'] })).toBeLessThan(0.01);
  expect(permutationP([0, 0], { stream: ['test'] })).toBe(1);
  expect(permutationP([], { stream: ['test'] })).toBe(1);
});
