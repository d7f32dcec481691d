import { mean } from 'simple-statistics';
import type { Analyses } from '../analyses-schema';
import type { Arm } from '../results-schema';
import type { ArmRun } from './arm-run';

/** The share of each stratum in the pool and among what each arm picked; means over its runs. */
export function strataShares(arms: readonly Arm[], runs: readonly ArmRun[]): Analyses['strata'] {
  return arms.flatMap(({ arm }) => {
    const own = runs.filter((run) => run.arm === arm).map(({ rows }) => sharesOf(rows));
    const strata = [...new Set(own.flatMap(({ pool }) => [...pool.keys()]))].sort();
    if (strata.length < 2) {
      return [];
    }
    return strata.map((stratum) => ({
      arm,
      stratum,
      pool: mean(own.map(({ pool }) => pool.get(stratum) ?? 0)),
      picks: mean(own.map(({ picks }) => picks.get(stratum) ?? 0)),
    }));
  });
}

function sharesOf({ strata, lines }: ArmRun['rows']) {
  const accepted = lines.filter(({ verdict }) => verdict === 'accepted');
  return {
    pool: shares(strata),
    picks: shares(countsOf(accepted.map(({ parentStratum }) => parentStratum))),
  };
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function shares(counts: ReadonlyMap<string, number>): Map<string, number> {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return new Map([...counts].map(([name, count]) => [name, count / all]));
}
