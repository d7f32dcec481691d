import { sampleRankCorrelation } from 'simple-statistics';
import { twoSidedP } from './student-t';

export interface RankCorrelation {
  readonly n: number;
  readonly rho: number;
  /** Two-sided, by Student's t with n - 2 degrees of freedom; approximate below ten points. */
  readonly p: number;
}

/**
 * Spearman's rank correlation; ties share the mean of their ranks.
 *
 * @returns `null` below three points, or where one side does not vary
 */
export function rankCorrelation(first: readonly number[], second: readonly number[]): RankCorrelation | null {
  const n = first.length;
  if (n < 3 || new Set(first).size === 1 || new Set(second).size === 1) {
    return null;
  }
  const rho = Math.max(-1, Math.min(1, sampleRankCorrelation([...first], [...second])));
  const t = rho * Math.sqrt((n - 2) / (1 - rho * rho));
  return { n, rho, p: twoSidedP(t, n - 2) };
}
