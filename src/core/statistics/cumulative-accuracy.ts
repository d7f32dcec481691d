import { quantile } from 'simple-statistics';
import { randomStream, type StreamName } from '../random';
import { type Interval, tail } from './interval';

/** One synthetic row as a student met it: the score of the seed it came from, and whether its answer was right. */
export interface ScoredOutcome {
  readonly score: number;
  readonly correct: boolean;
}

export interface CumulativePoint {
  /** Rows taken so far, as a share of all. */
  readonly share: number;
  /** 100 (A - c) / A: above 0 the rows taken by score are harder than the whole. */
  readonly percent: number;
  /** A - c, in percentage points. */
  readonly points: number;
  /** Where `percent` lies for shuffled rows, 95 % of the shuffles. */
  readonly shuffled: Interval;
}

export interface CumulativeAccuracy {
  readonly n: number;
  /** Overall accuracy A: the expectation of a shuffled order. */
  readonly accuracy: number;
  readonly curve: readonly CumulativePoint[];
}

/**
 * Cumulative accuracy of rows in the order of their seeds' scores against shuffled ones (arXiv 2512.00884, figure 3).
 * Rows of equal score count with their mean, so the order in which ties stand decides nothing.
 *
 * @param steps points of the curve
 * @returns `null` where the student has nothing right, or there are no rows
 */
export function cumulativeAccuracy(
  outcomes: readonly ScoredOutcome[],
  options: { readonly stream: StreamName; readonly steps?: number; readonly shuffles?: number },
): CumulativeAccuracy | null {
  const n = outcomes.length;
  const correct = outcomes.filter((outcome) => outcome.correct).length;
  if (correct === 0) {
    return null;
  }
  const accuracy = correct / n;
  const places = checkpoints(n, options.steps ?? 20);
  const byScore = sharesOf(expectedByScore(outcomes), places);
  const stream = randomStream('shuffled', ...options.stream);
  const values = outcomes.map((outcome) => Number(outcome.correct));
  const shuffles = Array.from({ length: options.shuffles ?? 200 }, () => sharesOf(stream.shuffle(values), places));
  const percentOf = (share: number) => (100 * (accuracy - share)) / accuracy;
  const curve = places.map((place, index) => {
    const band = shuffles.map((shares) => percentOf(shares[index] as number));
    const [low, high] = quantile(band, [tail, 1 - tail]) as [number, number];
    const share = byScore[index] as number;
    return {
      share: place / n,
      percent: percentOf(share),
      points: 100 * (accuracy - share),
      shuffled: { low, high },
    };
  });
  return { n, accuracy, curve };
}

function checkpoints(n: number, steps: number): number[] {
  return [...new Set(Array.from({ length: steps }, (_, index) => Math.ceil(((index + 1) * n) / steps)))];
}

/** High to low; inside a run of equal scores every row stands for the mean of the run. */
function expectedByScore(outcomes: readonly ScoredOutcome[]): number[] {
  const sorted = outcomes.toSorted((left, right) => right.score - left.score);
  const values: number[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (end < sorted.length && sorted[end]?.score === sorted[start]?.score) {
      end += 1;
    }
    const mean = sorted.slice(start, end).filter(({ correct }) => correct).length / (end - start);
    values.push(...Array.from({ length: end - start }, () => mean));
    start = end;
  }
  return values;
}

/** Mean of the first k values, for each k, which ascend. */
function sharesOf(values: readonly number[], places: readonly number[]): number[] {
  let sum = 0;
  let taken = 0;
  return places.map((place) => {
    for (; taken < place; taken += 1) {
      sum += values[taken] as number;
    }
    return sum / place;
  });
}
