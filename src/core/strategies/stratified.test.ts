import { evenlyOverStrata } from './stratified';

const order = (seeds: readonly string[]) => evenlyOverStrata(seeds, (seed) => seed[0] as string);

test('takes one of each stratum in turn, until the smaller ones are used up', () => {
  expect(order(['a1', 'a2', 'b1', 'a3', 'c1', 'b2', 'a4'])).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
});

test('takes every seed once', () => {
  const seeds = Array.from({ length: 100 }, (_, index) => `${index % 3 === 0 ? 'x' : 'y'}${index}`);
  expect([...order(seeds)].sort()).toEqual([...seeds].sort());
});
