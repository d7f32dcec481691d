import { type Candidate, type Selector, shuffled, withReason } from './selector';
import { Smallest } from './smallest';

/**
 * Random, but evenly over the strata: one seed of each in turn, shuffled within each, until the smaller ones are
 * used up. The control for a skewed pool: what a strategy gains over this arm is more than rebalancing.
 */
export function stratifiedSelector(count: number): Selector {
  const sizes = new Map<string, number>();
  const strata = new Map<string, Smallest<Candidate>>();
  let turns = 0;
  return {
    passes: 2,
    see: (seed, pass) => {
      const { stratum } = seed;
      if (pass === 0) {
        sizes.set(stratum, (sizes.get(stratum) ?? 0) + 1);
        return;
      }
      turns ||= turnsFor(count, [...sizes.values()]);
      const own = strata.get(stratum) ?? new Smallest(turns, shuffled);
      strata.set(stratum, own);
      own.add(seed);
    },
    ranked: () => {
      const kept = [...strata.values()].flatMap((seeds) => seeds.sorted()).sort(shuffled);
      return withReason(evenlyOverStrata(kept, ({ stratum }) => stratum).slice(0, count), 'drawn');
    },
  };
}

/** The number of turns after which that many seeds are taken, or all are. */
function turnsFor(count: number, sizes: readonly number[]): number {
  const longest = Math.max(...sizes);
  let turns = 0;
  let taken = 0;
  while (taken < count && turns < longest) {
    taken += sizes.filter((size) => size > turns).length;
    turns += 1;
  }
  return turns;
}

/** @param shuffled in random order; the strata take turns in the order in which they first appear */
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
