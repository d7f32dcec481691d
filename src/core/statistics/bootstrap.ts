import { quantile } from 'simple-statistics';
import { randomStream, type StreamName } from '../random';
import { type Interval, tail } from './interval';

/**
 * Percentile bootstrap interval of a mean paired difference: whole pairs are drawn with replacement, so what two arms
 * share (the same question, the same random seed) stays shared. The same stream name gives the same interval.
 *
 * @param differences one number per pair, at least one
 */
export function bootstrapDifference(
  differences: readonly number[],
  options: { stream: StreamName; resamples?: number },
): Interval {
  const stream = randomStream('bootstrap', ...options.stream);
  const means = Array.from({ length: options.resamples ?? 10_000 }, () => {
    let sum = 0;
    for (let draw = 0; draw < differences.length; draw += 1) {
      sum += stream.pick(differences);
    }
    return sum / differences.length;
  });
  const [low, high] = quantile(means, [tail, 1 - tail]) as [number, number];
  return { low, high };
}
