import { mean } from 'simple-statistics';
import { costInterval } from '../../core/statistics/equal-accuracy';
import { costToReach, meanCurve, onCommonGrid } from '../../core/statistics/learning-curve';
import type { Analyses } from '../analyses-schema';
import { commonCost, curvesOn, pairedArms } from '../pairs';
import type { Arm, ExperimentRun } from '../results-schema';

type DataShare = Analyses['dataShares'][number];

/**
 * How many times the data random selection needs for what an arm has reached, at each of the arm's checkpoints (arXiv
 * 2512.00884, figure 4). "Not reached" is a value of its own; then the ratio is above `atLeast`.
 */
export function dataShares(arms: readonly Arm[], runs: readonly ExperimentRun[]): DataShare[] {
  return pairedArms(arms, runs).flatMap(({ arm, baseline, pairs }) =>
    (['macro', 'overall'] as const).flatMap((metric) => {
      const curves = curvesOn('rows', pairs, metric, {});
      if (curves === null) {
        return [];
      }
      const end = commonCost(curves);
      const other = onCommonGrid(
        curves.map((pair) => pair.baseline),
        end,
      );
      const checkpoints = (curves[0]?.arm ?? []).map((_, index) => curves.map((pair) => pair.arm[index]));
      const points = checkpoints.flatMap((at, iteration) => {
        const own = at.filter((point) => point !== undefined).filter(({ cost }) => cost > 0 && cost <= end);
        if (own.length < curves.length) {
          return [];
        }
        const rows = mean(own.map(({ cost }) => cost));
        const target = mean(own.map(({ accuracy }) => accuracy));
        const reached = costToReach(meanCurve(other), target);
        const interval = costInterval(
          other,
          own.map(({ accuracy }) => accuracy),
        );
        const times = (cost: number | null) => (cost === null ? null : cost / rows);
        return [
          {
            iteration,
            rows,
            target,
            baselineRows: reached.reached ? reached.cost : null,
            times: reached.reached ? times(reached.cost) : null,
            interval: interval && { low: times(interval.low), high: times(interval.high) },
            atLeast: end / rows,
          },
        ];
      });
      return [{ arm: arm.arm, baseline: baseline.arm, metric, points }];
    }),
  );
}
