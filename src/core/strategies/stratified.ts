/**
 * Random, but evenly over the strata: one seed of each in turn, in a shuffled order inside each, until the smaller ones
 * are used up. The control for a pool that is skewed: what a strategy gains beyond this arm is not mere rebalancing.
 *
 * @param shuffled in random order; the strata take turns in the order in which they first appear
 */
export function evenlyOverStrata<T>(shuffled: readonly T[], stratumOf: (seed: T) => string): T[] {
  const strata = new Map<string, T[]>();
  for (const seed of shuffled) {
    const stratum = stratumOf(seed);
    const known = strata.get(stratum);
    if (known === undefined) {
      strata.set(stratum, [seed]);
    } else {
      known.push(seed);
    }
  }
  const longest = Math.max(0, ...[...strata.values()].map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    [...strata.values()].flatMap((seeds) => seeds.slice(turn, turn + 1)),
  ).flat();
}
