import type { Tally } from '../run-record';
import { accuracyOf, macroAccuracyOf } from './accuracy';
import { mcnemarP } from './mcnemar';
import { pairedDifference } from './paired-t';
import { rankCorrelation } from './rank-correlation';
import { spreadOf } from './spread';
import { tQuantile, twoSidedP } from './student-t';
import { wilsonInterval } from './wilson';

/** Compares to as many decimals as the source prints. */
const check = (got: number | null | undefined, expected: number, decimals: number) =>
  expect(got).toBeCloseTo(expected, decimals);

describe("Wilson's interval", () => {
  // Newcombe 1998, table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %i in %i is the published one', (correct, total, low, high) => {
    check(wilsonInterval(correct, total).low, low, 4);
    check(wilsonInterval(correct, total).high, high, 4);
  });

  test('of nothing asked is everything', () => expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 }));
});

describe("Student's t", () => {
  test.each([
    [1, 12.7062],
    [2, 4.3027],
    [4, 2.7764],
    [9, 2.2622],
    [30, 2.0423],
    [1000, 1.9623],
  ])('with %i degrees of freedom has the tabled 97.5 %% point', (degrees, quantile) =>
    check(tQuantile(degrees), quantile, 4),
  );

  test('with one degree of freedom is the Cauchy distribution', () => {
    check(twoSidedP(1, 1), 0.5, 12);
    check(twoSidedP(Math.sqrt(3), 1), 1 / 3, 12);
  });
});

describe('the spread over random seeds', () => {
  test('has the sample standard deviation and the t interval', () => {
    // 1, 2, 3: mean 2, s.d. 1, reach 4.3027 / sqrt(3).
    const spread = spreadOf([1, 2, 3]);
    expect(spread).toMatchObject({ n: 3, mean: 2, sd: 1 });
    check(spread.interval?.low, -0.4841, 4);
    check(spread.interval?.high, 4.4841, 4);
  });

  test('of one seed is not told', () => expect(spreadOf([0.7])).toEqual({ n: 1, mean: 0.7, sd: null, interval: null }));
});

describe('accuracy', () => {
  const tally = (correct: number, total: number): Tally => ({ correct, total, wellFormed: total, answered: total });

  test('counts a question without an answer as asked', () => check(accuracyOf(tally(3, 12)), 0.25, 12));
  test('over strata counts each stratum once', () => {
    check(macroAccuracyOf({ common: tally(90, 100), rare: tally(1, 10) }), 0.5, 12);
    check(macroAccuracyOf({ asked: tally(1, 2), never: tally(0, 0) }), 0.5, 12);
  });
  test('of nothing asked is not a number', () => {
    expect(accuracyOf(tally(0, 0))).toBeNull();
    expect(macroAccuracyOf({})).toBeNull();
  });
});

describe("McNemar's exact test", () => {
  test.each([
    [0, 0, 1],
    [5, 5, 1],
    [1, 9, 22 / 1024],
    [9, 1, 22 / 1024],
    [0, 6, 2 / 64],
    // The approval ratings in Agresti's Categorical Data Analysis, table 10.1; the sum in exact integers.
    [86, 150, 3.715936139571442e-5],
  ])('of %i against %i', (first, second, p) => check(mcnemarP(first, second), p, 12));
});

describe('the paired t-test', () => {
  test("agrees with Student's sleep data (1908)", () => {
    const first = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const second = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
    const difference = pairedDifference(first, second);
    check(difference.mean, 1.58, 10);
    check(difference.p, 0.002833, 6);
    check(difference.interval?.low, 0.7001142, 6);
    check(difference.interval?.high, 2.4598858, 6);
  });
  test('finds nothing between an arm and itself', () => expect(pairedDifference([1, 2], [1, 2]).p).toBe(1));
  test('is certain of equal non-zero differences', () => expect(pairedDifference([2, 3], [1, 2]).p).toBe(0));
  test('of one pair has no p-value', () => expect(pairedDifference([1], [0]).p).toBeNull());
});

describe("Spearman's rank correlation", () => {
  test('agrees with a worked example (IQ against hours of television)', () => {
    const found = rankCorrelation(
      [106, 100, 86, 101, 99, 103, 97, 113, 112, 110],
      [7, 27, 2, 50, 28, 29, 20, 12, 6, 17],
    );
    check(found?.rho, -29 / 165, 12);
    check(found?.p, 0.6271883, 6);
  });
  test('shares the ranks of ties', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
    check(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])?.rho, 4.5 / Math.sqrt(4.5 * 5), 12);
  });
  test('of a perfect order is 1 with p 0', () =>
    expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 40])).toEqual({ n: 4, rho: 1, p: 0 }));
  test('is not told of two points or of a constant', () => {
    expect(rankCorrelation([1, 2], [1, 2])).toBeNull();
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNull();
  });
});
