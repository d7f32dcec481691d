import { logChoose } from './binomial-coefficient';

/**
 * Exact two-sided McNemar test between two students on the same questions: of the questions that only one of them
 * answered right, is the split further from even than a fair coin's? Questions on which both agree say nothing.
 *
 * @param onlyFirst questions that only the first student answered right
 * @param onlySecond questions that only the second answered right
 * @returns the p-value, 1 where they never differ
 */
export function mcnemarP(onlyFirst: number, onlySecond: number): number {
  const flips = onlyFirst + onlySecond;
  let below = 0;
  for (let heads = 0; heads <= Math.min(onlyFirst, onlySecond); heads += 1) {
    below += Math.exp(logChoose(flips, heads) - flips * Math.LN2);
  }
  return Math.min(1, 2 * below);
}
