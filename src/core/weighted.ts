import type { RandomStream } from './random';

/** Draws an index with probability in proportion to its weight. Weights are non-negative, and at least one is positive. */
export function drawWeighted(stream: RandomStream, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = stream.next() * total;
  let last = -1;
  for (const [index, weight] of weights.entries()) {
    if (weight > 0) {
      left -= weight;
      last = index;
      if (left < 0) {
        return index;
      }
    }
  }
  // Rounding may leave a tiny remainder: it belongs to the last index with a positive weight.
  return last;
}
