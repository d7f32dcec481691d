import { pairedPower, resolvedEffect } from './power';

describe('the power of a paired t-test', () => {
  // A difference of 0.03 at a standard deviation of 0.02; R: power.t.test(n, delta = 1.5, sd = 1, type = "paired").
  it.each([
    [3, 0.32],
    [5, 0.71],
    [8, 0.95],
  ])('of %i pairs finds 1.5 standard deviations with the chance %d', (pairs, chance) => {
    expect(pairedPower(pairs, 1.5)).toBeCloseTo(chance, 2);
  });

  it('is the level of the test where there is no difference', () => {
    for (const pairs of [2, 3, 10, 100]) {
      expect(pairedPower(pairs, 0)).toBeCloseTo(0.05, 3);
    }
  });

  it('needs ever smaller differences with more pairs, as a normal test does with very many', () => {
    const effects = [2, 3, 5, 8, 100].map(resolvedEffect);
    expect(effects).toEqual(effects.toSorted((left, right) => right - left));
    expect(effects.at(-1)).toBeCloseTo((1.96 + 0.8416) / 10, 2);
  });
});
