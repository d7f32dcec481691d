import { mean } from 'simple-statistics';
import { randomStream, type StreamName } from '../random';
import { tail } from './interval';
import { type CurvePoint, rowsToReach } from './rows-to-reach';

/** A 95 % interval of a number of rows; an end that is `null` is beyond the last checkpoint. */
export interface RowsInterval {
  readonly low: number | null;
  readonly high: number | null;
}

/** The learning curves of two arms under one random seed. */
export interface CurvePair {
  readonly arm: readonly CurvePoint[];
  readonly baseline: readonly CurvePoint[];
}

/** The quantity that is computed from the mean curves of a resample; `null` where it is beyond the last checkpoint. */
type Question = (arm: readonly CurvePoint[], baseline: readonly CurvePoint[]) => number | null;

/**
 * Percentile bootstrap over random seeds: whole pairs are drawn with replacement and the question is asked of their mean
 * curves. A resample in which the accuracy is not reached counts as larger than every number, so a censored end of the
 * interval is `null` and never the budget's end. With few seeds the interval is approximate; with fewer than two pairs there is none.
 */
export function bootstrapOverSeeds(
  pairs: readonly CurvePair[],
  question: Question,
  options: { readonly stream: StreamName; readonly resamples?: number },
): RowsInterval | null {
  if (pairs.length < 2) {
    return null;
  }
  const stream = randomStream('seeds', ...options.stream);
  const answers = Array.from({ length: options.resamples ?? 2000 }, () => {
    const drawn = pairs.map(() => stream.pick(pairs));
    const answer = question(meanCurve(drawn.map(({ arm }) => arm)), meanCurve(drawn.map(({ baseline }) => baseline)));
    return answer ?? Number.POSITIVE_INFINITY;
  }).sort((left, right) => left - right);
  const [low, high] = [tail, 1 - tail].map((share) => {
    const value = answers[Math.min(answers.length - 1, Math.floor(share * answers.length))] as number;
    return Number.isFinite(value) ? value : null;
  });
  return { low: low ?? null, high: high ?? null };
}

/** Curves over the same checkpoints, as far as the shortest goes. */
export function meanCurve(curves: readonly (readonly CurvePoint[])[]): CurvePoint[] {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, index) => {
    const points = curves.map((curve) => curve[index] as CurvePoint);
    return { rows: mean(points.map(({ rows }) => rows)), accuracy: mean(points.map(({ accuracy }) => accuracy)) };
  });
}

/**
 * How many times the rows of the arm the baseline needs for an accuracy, N_baseline(tau) / N_arm(tau): above 1 the arm
 * is the more efficient one. `null` where one of them does not reach it, or the arm starts above it.
 */
export function timesTheData(
  arm: readonly CurvePoint[],
  baseline: readonly CurvePoint[],
  accuracy: number,
): number | null {
  const own = rowsToReach(arm, accuracy);
  const other = rowsToReach(baseline, accuracy);
  return own.reached && other.reached && own.rows > 0 ? other.rows / own.rows : null;
}
