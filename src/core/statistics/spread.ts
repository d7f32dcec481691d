import { mean, sampleStandardDeviation } from 'simple-statistics';
import type { Interval } from './interval';
import { tQuantile } from './student-t';

/** Summary of repeated measurements (one per random seed). */
export interface Spread {
  /** Number of values. */
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (divisor n - 1); `null` for a single value, which has no spread. */
  readonly sd: number | null;
  /** Student's t interval of the mean; `null` for a single value. */
  readonly interval: Interval | null;
}

/** Mean and spread of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const centre = mean(values);
  if (values.length === 1) {
    return { n: 1, mean: centre, sd: null, interval: null };
  }
  const sd = sampleStandardDeviation(values);
  const reach = (tQuantile(values.length - 1) * sd) / Math.sqrt(values.length);
  return { n: values.length, mean: centre, sd, interval: { low: centre - reach, high: centre + reach } };
}
