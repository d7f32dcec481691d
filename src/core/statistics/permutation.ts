import { randomStream, type StreamName } from '../random';

/**
 * Two-sided paired permutation test of a mean difference (Fisher 1935): how often does a mean at least as far from 0 come
 * about when the sign of each difference is drawn anew? The observed signs count as one draw, so p is never 0.
 *
 * @param differences one number per pair
 * @returns 1 where there is no pair, or none differs
 */
export function permutationP(
  differences: readonly number[],
  { stream, draws = 2000 }: { readonly stream: StreamName; readonly draws?: number },
): number {
  const sizes = differences.filter((difference) => difference !== 0);
  if (sizes.length === 0) {
    return 1;
  }
  const observed = Math.abs(sizes.reduce((sum, difference) => sum + difference, 0));
  const random = randomStream('permutation', ...stream);
  let asFar = 1;
  for (let draw = 0; draw < draws; draw += 1) {
    const sum = sizes.reduce((total, size) => total + (random.next() < 0.5 ? size : -size), 0);
    asFar += Number(Math.abs(sum) >= observed - 1e-12);
  }
  return asFar / (draws + 1);
}
