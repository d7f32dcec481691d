import { bootstrapOverSeeds, meanCurve, timesTheData } from '../../core/statistics/rows-interval';
import { rowsToReach } from '../../core/statistics/rows-to-reach';
import type { Analyses } from '../analyses-schema';
import { curvesOf, pairedArms } from '../pairs';
import type { Arm, ExperimentRun } from '../results-schema';

type DataShare = Analyses['dataShares'][number];

/**
 * How many times the data random selection needs for what an arm has reached, at each of the arm's checkpoints (arXiv
 * 2512.00884, figure 4). "Not reached" is a value of its own; then the ratio is above `atLeast`.
 */
export function dataShares(arms: readonly Arm[], runs: readonly ExperimentRun[]): DataShare[] {
  return pairedArms(arms, runs).flatMap(({ arm, baseline, pairs }) =>
    (['macro', 'overall'] as const).flatMap((metric) => {
      const curves = curvesOf(pairs, metric);
      if (curves === null) {
        return [];
      }
      const own = meanCurve(curves.map((pair) => pair.arm));
      const other = meanCurve(curves.map((pair) => pair.baseline));
      const points = own.slice(1).map(({ rows, accuracy }, index) => {
        const reached = rowsToReach(other, accuracy);
        return {
          iteration: index + 1,
          rows,
          target: accuracy,
          baselineRows: reached.reached ? reached.rows : null,
          times: timesTheData(own, other, accuracy),
          interval: bootstrapOverSeeds(
            curves,
            (first, second) => timesTheData(first, second, accuracyAt(first, index)),
            {
              stream: ['data-share', arm.arm, metric, index],
            },
          ),
          atLeast: (other.at(-1)?.rows ?? 0) / rows,
        };
      });
      return [{ arm: arm.arm, baseline: baseline.arm, metric, points }];
    }),
  );
}

const accuracyAt = (curve: readonly { accuracy: number }[], index: number) => curve[index + 1]?.accuracy ?? 0;
