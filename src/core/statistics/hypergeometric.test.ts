import fc from 'fast-check';
import { hypergeometricRange } from './hypergeometric';

/** Chances of 0, 1, ... marked items, by counting every way to draw. */
function chances(total: number, marked: number, drawn: number): number[] {
  let counts = [1];
  let ways = new Map<string, number>([['0,0', 1]]);
  for (let item = 0; item < total; item += 1) {
    const next = new Map<string, number>();
    for (const [key, count] of ways) {
      const [taken = 0, right = 0] = key.split(',').map(Number);
      const add = (name: string) => next.set(name, (next.get(name) ?? 0) + count);
      add(`${taken},${right}`);
      add(`${taken + 1},${right + Number(item < marked)}`);
    }
    ways = next;
  }
  counts = Array.from({ length: drawn + 1 }, (_, right) => ways.get(`${drawn},${right}`) ?? 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / all);
}

describe('the range of marked items among those drawn', () => {
  it('leaves out at most 2.5 % on each side, and one item less would leave out more', () => {
    const total = fc.integer({ min: 1, max: 14 });
    const draws = total.chain((n) => fc.tuple(fc.constant(n), fc.nat(n), fc.nat(n)));
    fc.assert(
      fc.property(draws, ([n, marked, drawn]) => {
        const { low, high } = hypergeometricRange({ total: n, marked, drawn });
        const chance = chances(n, marked, drawn);
        const sum = (from: number, to: number) => chance.slice(from, to).reduce((all, one) => all + one, 0);
        expect(sum(0, low)).toBeLessThan(0.025);
        expect(sum(high + 1, drawn + 1)).toBeLessThan(0.025);
        expect(sum(0, low + 1)).toBeGreaterThanOrEqual(0.025 - 1e-12);
        expect(sum(high, drawn + 1)).toBeGreaterThanOrEqual(0.025 - 1e-12);
      }),
    );
  });

  it.each([
    [
      { total: 10, marked: 10, drawn: 4 },
      { low: 4, high: 4 },
    ],
    [
      { total: 10, marked: 0, drawn: 4 },
      { low: 0, high: 0 },
    ],
    [
      { total: 5000, marked: 3500, drawn: 5000 },
      { low: 3500, high: 3500 },
    ],
    // scipy.stats.hypergeom(5000, 3500, 250).ppf([0.025, 0.975])
    [
      { total: 5000, marked: 3500, drawn: 250 },
      { low: 161, high: 189 },
    ],
  ])('of %j is %j', (draw, range) => expect(hypergeometricRange(draw)).toEqual(range));
});
