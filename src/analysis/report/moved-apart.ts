/**
 * Labels beside one another, from the lowest up, each moved up where it would lie on the one below.
 * @param height of the axis, in its own units
 */
export function movedApart<T extends { readonly at: number }>(labels: readonly T[], height: number): T[] {
  let last = Number.NEGATIVE_INFINITY;
  return labels
    .toSorted((left, right) => left.at - right.at)
    .map((label) => {
      last = Math.max(label.at, last + height * 0.055);
      return { ...label, at: last };
    });
}
