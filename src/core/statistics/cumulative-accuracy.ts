import { hypergeometricRange } from './hypergeometric';
import type { Interval } from './interval';

/** One synthetic row as answered by a student: the score of the seed it came from, and whether the answer was right. */
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
  /** The range of `percent` for 95 % of all orders. */
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
 * Rows of equal score count with their mean, so the order of ties does not matter.
 *
 * @param steps points of the curve
 * @returns `null` where the student has no right answer, or there are no rows
 */
export function cumulativeAccuracy(outcomes: readonly ScoredOutcome[], steps = 20): CumulativeAccuracy | null {
  const n = outcomes.length;
  const correct = outcomes.filter((outcome) => outcome.correct).length;
  if (correct === 0) {
    return null;
  }
  const accuracy = correct / n;
  const positions = checkpoints(n, steps);
  const byScore = sharesOf(expectedByScore(outcomes), positions);
  const percentOf = (share: number) => (100 * (accuracy - share)) / accuracy;
  const curve = positions.map((position, index) => {
    const share = byScore[index] as number;
    // Of the first rows in a random order, the right ones are drawn without replacement.
    const { low, high } = hypergeometricRange({ total: n, marked: correct, drawn: position });
    return {
      share: position / n,
      percent: percentOf(share),
      points: 100 * (accuracy - share),
      shuffled: { low: percentOf(high / position), high: percentOf(low / position) },
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
function sharesOf(values: readonly number[], positions: readonly number[]): number[] {
  let sum = 0;
  let taken = 0;
  return positions.map((position) => {
    for (; taken < position; taken += 1) {
      sum += values[taken] as number;
    }
    return sum / position;
  });
}
