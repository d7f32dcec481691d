import { logChoose } from './binomial-coefficient';
import { type Interval, tail } from './interval';

/**
 * The range of marked items among `drawn` of `total` without replacement that leaves out at most 2.5 % on each side.
 *
 * @param marked items among all of them
 */
export function hypergeometricRange({
  total,
  marked,
  drawn,
}: {
  readonly total: number;
  readonly marked: number;
  readonly drawn: number;
}): Interval {
  const least = Math.max(0, drawn - (total - marked));
  const most = Math.min(drawn, marked);
  const all = logChoose(total, drawn);
  const chance = (count: number) => Math.exp(logChoose(marked, count) + logChoose(total - marked, drawn - count) - all);
  const end = (from: number, step: 1 | -1) => {
    let count = from;
    for (let below = chance(count); below < tail && count + step >= least && count + step <= most; ) {
      count += step;
      below += chance(count);
    }
    return count;
  };
  return { low: end(least, 1), high: end(most, -1) };
}
