import { type Interval, normalQuantile } from './interval';

/**
 * Wilson's score interval for a proportion: `correct` right answers out of `total`. It keeps its level for few
 * questions and near 0 and 1, where the usual plus-minus does not. Nothing asked leaves everything possible: [0, 1].
 *
 * @param quantile in standard errors; Student's where a variance was estimated
 *
 * E. B. Wilson, Journal of the American Statistical Association 22 (1927); method 3 in R. G. Newcombe, Statistics in
 * Medicine 17 (1998).
 */
export function wilsonInterval(correct: number, total: number, quantile = normalQuantile): Interval {
  if (total === 0) {
    return { low: 0, high: 1 };
  }
  const z2 = quantile ** 2;
  const centre = correct + z2 / 2;
  const reach = quantile * Math.sqrt((correct * (total - correct)) / total + z2 / 4);
  return { low: Math.max(0, (centre - reach) / (total + z2)), high: Math.min(1, (centre + reach) / (total + z2)) };
}
