import { pairedDifference } from '../core/statistics/paired-t';
import { bootstrapOverSeeds, meanCurve, timesTheData } from '../core/statistics/rows-interval';
import { rowsToReach } from '../core/statistics/rows-to-reach';
import { accuracyAt, curvesOf, lastOf, type PairedArms, pairedArms } from './pairs';
import type { Arm, Comparison, ExperimentRun, Metric } from './results-schema';

/**
 * Each arm against the arm that picks at random and is otherwise the same. Paired by random seed, made at the last
 * iteration that all pairs have reached with equal rows: for an experiment still going that is a fair comparison too.
 */
export function comparisons(arms: readonly Arm[], runs: readonly ExperimentRun[]): Comparison[] {
  return pairedArms(arms, runs).flatMap((paired) =>
    (['macro', 'overall'] as const).flatMap((metric) => compare(paired, metric) ?? []),
  );
}

/** `null` where the metric was not measured, as macro accuracy without strata. */
function compare({ arm, baseline, pairs }: PairedArms, metric: Metric): Comparison | null {
  const last = lastOf(pairs);
  const curves = curvesOf(pairs, metric);
  const own = curves === null ? [] : meanCurve(curves.map((pair) => pair.arm));
  const end = curves === null ? undefined : meanCurve(curves.map((pair) => pair.baseline)).at(-1);
  if (curves === null || end === undefined) {
    return null;
  }
  const found = rowsToReach(own, end.accuracy);
  const difference = pairedDifference(
    pairs.map(({ first }) => accuracyAt(first, metric, last) as number),
    pairs.map(({ second }) => accuracyAt(second, metric, last) as number),
  );
  const goal = (curve: readonly { accuracy: number }[]) => curve.at(-1)?.accuracy ?? 0;
  return {
    arm: arm.arm,
    baseline: baseline.arm,
    metric,
    seeds: pairs.map(({ seed }) => seed),
    iteration: last,
    baselineRows: end.rows,
    target: end.accuracy,
    rowsToReach: found,
    rowsToReachInterval: bootstrapOverSeeds(
      curves,
      (first, second) => {
        const reached = rowsToReach(first, goal(second));
        return reached.reached ? reached.rows : null;
      },
      { stream: ['rows', arm.arm, metric] },
    ),
    timesFewer: found.reached && found.rows > 0 ? end.rows / found.rows : null,
    timesFewerInterval: bootstrapOverSeeds(curves, (first, second) => timesTheData(first, second, goal(second)), {
      stream: ['times', arm.arm, metric],
    }),
    equalRows: pairs.every(({ first, second }) =>
      first.curve.every(({ rows }, index) => second.curve[index] === undefined || second.curve[index]?.rows === rows),
    ),
    difference,
    conclusion: conclude(difference),
  };
}

/** A difference whose interval contains 0 is no difference that we may speak of. */
function conclude({ interval }: Comparison['difference']): Comparison['conclusion'] {
  if (interval === null) {
    return 'one seed';
  }
  if (interval.low > 0) {
    return 'above';
  }
  return interval.high < 0 ? 'below' : 'not distinguishable';
}
