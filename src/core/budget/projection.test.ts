import { type AskedRow, addProjections, projectCost } from './projection';

const row = (nanoUsd: number, isAccepted = true): AskedRow => ({ tokens: nanoUsd / 100, nanoUsd, isAccepted });
const worst = { tokens: 100, nanoUsd: 10_000 };

describe('the projected cost of a run', () => {
  it('is the mean price of an asked row, times the rows that must be asked for one that is accepted', () => {
    const { asked, nanoUsd, tokens } = projectCost([row(1000), row(3000), row(2000, false), row(2000)], 300, worst);
    expect(asked.estimate).toBeCloseTo(400);
    expect(nanoUsd.estimate).toBeCloseTo(800_000);
    expect(tokens.estimate).toBeCloseTo(8000);
  });

  it('has a range of both intervals together', () => {
    const sample = [row(1000), row(1400), row(1200), row(1200), row(1200)];
    const { asked, nanoUsd } = projectCost(sample, 100, worst);
    // Wilson's interval of 5 of 5 is [0.566, 1]; Student's t of these five prices is 1200 +- 175.6.
    expect([asked.low, asked.high].map(Math.round)).toEqual([100, 177]);
    expect([nanoUsd.low, nanoUsd.high].map((value) => Math.round(value / 1000))).toEqual([102, 243]);
  });

  it.each([
    ['one row says nothing of the spread', [row(1000)], 1000 * 100, 10_000 * 200],
    ['nothing accepted asks for every replacement', [row(500, false), row(500, false)], 500 * 152, 500 * 200],
    ['wild prices stay between the cheapest seen and the worst case', [row(10), row(9000)], 10 * 100, 10_000 * 152],
  ])('%s', (_, sample, low, high) => {
    const { nanoUsd } = projectCost(sample, 100, worst);
    expect(nanoUsd.low / low).toBeCloseTo(1, 1);
    expect(nanoUsd.high / high).toBeCloseTo(1, 0);
    expect(nanoUsd.estimate).toBeGreaterThanOrEqual(nanoUsd.low);
    expect(nanoUsd.estimate).toBeLessThanOrEqual(nanoUsd.high);
  });

  it('adds up over runs', () => {
    const one = projectCost([row(1000), row(1200)], 100, worst);
    const two = addProjections([one, one]);
    expect(two.nanoUsd.estimate).toBeCloseTo(2 * one.nanoUsd.estimate);
    expect(two.asked.high).toBeCloseTo(2 * one.asked.high);
  });
});
