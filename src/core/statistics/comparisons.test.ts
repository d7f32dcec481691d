import fc from 'fast-check';
import { randomStream } from '../random';
import { cumulativeAccuracy } from './cumulative-accuracy';
import { lineFit } from './line-fit';
import { rankCorrelation } from './rank-correlation';
import { type WinSetting, winRates } from './win-rate';

const close = (got: number | null | undefined, expected: number, decimals = 4) =>
  expect(got).toBeCloseTo(expected, decimals);

describe('the pairwise win-rate matrix', () => {
  const setting = (arms: Record<string, Record<number, number[]>>): WinSetting => ({
    arms: new Map(
      Object.entries(arms).map(([arm, seeds]) => [
        arm,
        new Map(Object.entries(seeds).map(([seed, values]) => [Number(seed), values])),
      ]),
    ),
  });

  test('adds 1 / checkpoints for each significant win, as computed by hand', () => {
    // Checkpoint 1: differences .10, .12, .11: t = .11 / (.01 / sqrt 3) = 19.05, p = .0027. Checkpoint 2: .10, -.10, .03: p = .88.
    const rates = winRates([
      setting({
        loss: { 1: [0.6, 0.7], 2: [0.62, 0.6], 3: [0.61, 0.7] },
        random: { 1: [0.5, 0.6], 2: [0.5, 0.7], 3: [0.5, 0.67] },
      }),
    ]);
    expect(rates).toEqual({
      arms: ['loss', 'random'],
      cells: [
        [null, 0.5],
        [0, null],
      ],
      overall: [0, 0.5],
    });
  });

  test('sums over settings, and a column is averaged over the arms that could beat it', () => {
    const won = setting({ a: { 1: [0.9], 2: [0.9] }, b: { 1: [0.5], 2: [0.5] }, c: { 1: [0.5], 2: [0.5] } });
    expect(winRates([won, won])).toMatchObject({
      cells: [
        [null, 2, 2],
        [0, null, 0],
        [0, 0, null],
      ],
      overall: [0, 1, 1],
    });
  });

  test('tests nothing with one common seed: the cell is null, not 0', () => {
    const rates = winRates([setting({ a: { 1: [0.9] }, b: { 1: [0.5], 2: [0.5] } })]);
    expect(rates.cells).toEqual([[null, null], [null, null]]); // biome-ignore format: a matrix
  });

  test('a strategy against itself wins no cell', () => {
    const accuracies = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(accuracies, { minLength: 2, maxLength: 5 }), (seeds) => {
        const own = Object.fromEntries(seeds.map((values, index) => [index + 1, values]));
        const { cells, overall } = winRates([setting({ one: own, twin: own })]);
        expect(cells).toEqual([[null, 0], [0, null]]); // biome-ignore format: a matrix
        expect(overall).toEqual([0, 0]);
      }),
    );
  });

  test('shuffled labels give no effect: two arms from one source win about one cell in forty, not more', () => {
    const stream = randomStream('shuffled-labels');
    const settings = Array.from({ length: 400 }, () =>
      setting({
        one: Object.fromEntries([1, 2, 3].map((seed) => [seed, [stream.next()]])),
        two: Object.fromEntries([1, 2, 3].map((seed) => [seed, [stream.next()]])),
      }),
    );
    const { cells } = winRates(settings);
    // Two-sided level 0.05, so each side wins about 10 of 400; 25 has a probability below 1e-4.
    expect(cells[0]?.[1]).toBeLessThan(25);
    expect(cells[1]?.[0]).toBeLessThan(25);
  });
});

describe('cumulative accuracy by score', () => {
  const outcome = (score: number, correct: boolean) => ({ score, correct });

  test('is above 0 where high scores are hard, as computed by hand', () => {
    // Score order: wrong, wrong, right, right. A = 1/2; c = 0, 0, 1/3, 1/2.
    const found = cumulativeAccuracy([outcome(1, true), outcome(4, false), outcome(3, false), outcome(2, true)], 4);
    expect(found?.accuracy).toBe(0.5);
    expect(found?.curve.map(({ share }) => share)).toEqual([0.25, 0.5, 0.75, 1]);
    [100, 100, 100 / 3, 0].forEach((percent, index) => {
      close(found?.curve[index]?.percent, percent);
      close(found?.curve[index]?.points, percent / 2);
    });
  });

  test('of equal scores is 0 everywhere, whatever the order of the rows', () => {
    const rows = [true, false, true, false].map((correct) => outcome(1, correct));
    const found = cumulativeAccuracy(rows, 4);
    expect(found?.curve.map(({ percent }) => percent)).toEqual([0, 0, 0, 0]);
  });

  test('of uninformative scores is within the band of all orders', () => {
    const stream = randomStream('no-effect');
    const rows = Array.from({ length: 2000 }, () => outcome(stream.next(), stream.next() < 0.7));
    const found = cumulativeAccuracy(rows);
    const inside = found?.curve.filter(({ percent, shuffled }) => percent >= shuffled.low && percent <= shuffled.high);
    expect(inside?.length).toBeGreaterThanOrEqual(17);
    expect(Math.abs(found?.curve.at(-1)?.percent ?? 1)).toBeLessThan(1e-9);
  });

  test('is not told where nothing is right', () => {
    expect(cumulativeAccuracy([outcome(1, false)])).toBeNull();
  });
});

describe('rank correlation and the line of best fit', () => {
  test('agree with the published example of hours of television and IQ (rho = -29/165)', () => {
    const iq = [86, 97, 99, 100, 101, 103, 106, 110, 112, 113];
    const hours = [2, 20, 28, 27, 50, 29, 7, 17, 6, 12];
    const found = rankCorrelation(iq, hours);
    close(found?.rho, -29 / 165);
    close(found?.p, 0.6272, 3);
  });

  test('fit a line through points that lie on it, and none where nothing varies', () => {
    const line = lineFit([[0, 1], [1, 3], [2, 5]]); // biome-ignore format: points
    close(line?.slope, 2, 9);
    close(line?.intercept, 1, 9);
    expect(lineFit([[1, 2], [1, 3]])).toBeNull(); // biome-ignore format: points
  });
});
