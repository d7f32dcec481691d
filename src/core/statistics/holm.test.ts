import fc from 'fast-check';
import { holm } from './holm';

describe("Holm's adjustment", () => {
  it('agrees with R, p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  });

  it('leaves one test as it is, and does not count what was not tested', () => {
    expect(holm([0.03])).toEqual([0.03]);
    expect(holm([null, 0.03, null])).toEqual([null, 0.03, null]);
    expect(holm([])).toEqual([]);
  });

  it('never lowers a p-value, keeps their order, stays at most 1 and at most at Bonferroni', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (pValues) => {
        const adjusted = holm(pValues);
        for (const [index, p] of pValues.entries()) {
          const own = adjusted[index] ?? -1;
          expect(own).toBeGreaterThanOrEqual(p);
          expect(own).toBeLessThanOrEqual(Math.min(1, p * pValues.length));
          expect(pValues.every((other, at) => other < p || (adjusted[at] ?? -1) >= own)).toBe(true);
        }
      }),
    );
  });
});
