import { mean } from 'simple-statistics';
import type { Interval } from './interval';
import { tQuantile } from './student-t';
import { wilsonInterval } from './wilson';

/** A mean of scores between 0 and 1, with its 95 % interval. */
export interface MeanScore extends Interval {
  readonly mean: number;
}

/**
 * The mean of scores, one a question, with Wilson's interval at the number of independent yes-or-no questions that would
 * vary as much (the effective sample size of Korn and Graubard, Survey Methodology 24, 1998), and Student's t for the
 * variance that had to be estimated. Unlike a percentile bootstrap it does not shrink to a point where all scores are
 * equal, and it covers from 30 questions on.
 *
 * @param scores from 0 to 1; without any, everything is possible
 */
export function meanScore(scores: readonly number[]): MeanScore {
  const n = scores.length;
  if (n === 0) {
    return { mean: 0, ...wilsonInterval(0, 0) };
  }
  const centre = mean([...scores]);
  const variance = n < 2 ? 0 : scores.reduce((sum, score) => sum + (score - centre) ** 2, 0) / (n - 1);
  // Without variation nothing says how far the scores depend on each other: each question counts once.
  const effective = variance === 0 ? n : Math.max(n, (n * centre * (1 - centre)) / variance);
  return { mean: centre, ...wilsonInterval(centre * effective, effective, n < 2 ? undefined : tQuantile(n - 1)) };
}
