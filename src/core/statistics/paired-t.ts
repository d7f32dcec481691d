import { type Spread, spreadOf } from './spread';
import { twoSidedP } from './student-t';

/** Differences of paired measurements, with the paired t-test against no difference. */
export interface PairedDifference extends Spread {
  /** Two-sided p-value; `null` for a single pair. */
  readonly p: number | null;
}

/**
 * The paired t-test: `first[i] - second[i]`, pair by pair. Without spread the t statistic is infinite: equal non-zero
 * differences are certain (p = 0), all zero means no difference (p = 1).
 */
export function pairedDifference(first: readonly number[], second: readonly number[]): PairedDifference {
  const spread = spreadOf(first.map((value, index) => value - (second[index] as number)));
  if (spread.sd === null) {
    return { ...spread, p: null };
  }
  if (spread.mean === 0) {
    return { ...spread, p: 1 };
  }
  const t = spread.mean / (spread.sd / Math.sqrt(spread.n));
  return { ...spread, p: twoSidedP(t, spread.n - 1) };
}
