/**
 * Holm's step-down adjustment (Scand. J. Stat. 6, 1979): p-values that hold for all tests of a family together. A p-value
 * that is not known is no test.
 *
 * @returns the adjusted p-values, in the order given
 */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const tests = pValues.flatMap((p, index) => (p === null ? [] : [{ p, index }]));
  const adjusted = new Map<number, number>();
  let largest = 0;
  for (const [rank, { p, index }] of tests.toSorted((left, right) => left.p - right.p).entries()) {
    largest = Math.max(largest, Math.min(1, p * (tests.length - rank)));
    adjusted.set(index, largest);
  }
  return pValues.map((_, index) => adjusted.get(index) ?? null);
}
