import type { PriceList } from '../../store/ledger/prices';
import type { Analyses } from '../analyses-schema';
import type { RunRows } from '../data/load-rows';
import type { Arm, ExperimentRun } from '../results-schema';
import type { ArmRun } from './arm-run';
import { cumulative } from './cumulative';
import { dataShares } from './data-shares';
import { diagnosed } from './diagnosed';
import { health } from './health';
import { overlaps } from './overlaps';
import { boughtOnce, purchases } from './purchases';
import { strataShares } from './strata-shares';
import { pairwiseWinRates } from './win-rates';

/** Everything that is told of the rows, and of the curves beyond their comparison with `random`. */
export function analysesOf(options: {
  arms: readonly Arm[];
  runs: readonly ExperimentRun[];
  rows: readonly RunRows[];
  prices: PriceList | null;
}): Analyses {
  const { arms, runs, rows, prices } = options;
  const byRun = new Map(rows.map((one) => [one.run, one]));
  const armRuns = arms.flatMap(({ arm, runs: names }) =>
    names.flatMap((name): ArmRun[] => {
      const result = runs.find(({ run }) => run === name);
      const own = byRun.get(name);
      return result === undefined || own === undefined ? [] : [{ arm, result, rows: own }];
    }),
  );
  return {
    dataShares: dataShares(arms, runs),
    winRates: pairwiseWinRates(arms, runs),
    diagnosed: diagnosed(armRuns, 'loss'),
    diagnosedRewards: diagnosed(armRuns, 'reward'),
    cumulative: cumulative(armRuns),
    strata: strataShares(arms, armRuns),
    health: health(arms, armRuns),
    overlaps: overlaps(armRuns),
    purchases: purchases(arms, prices),
    once: boughtOnce(runs, prices),
  };
}
