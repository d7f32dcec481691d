import { mcnemarP } from '../core/statistics/mcnemar';
import { pairedDifference } from '../core/statistics/paired-t';
import { bootstrapOverSeeds, meanCurve, type RowsInterval } from '../core/statistics/rows-interval';
import { type CurvePoint, rowsToReach } from '../core/statistics/rows-to-reach';
import type { RunRows } from './data/load-rows';
import { accuracyAt, curvesOf, lastOf, type Pair, type PairedArms, pairedArms } from './pairs';
import type { Arm, Comparison, ExperimentRun, Metric } from './results-schema';

/**
 * Each arm against the arm that picks at random and is otherwise the same. Paired by random seed, made at the last
 * iteration that all pairs have reached with equal rows: for an experiment still going that is a fair comparison too.
 */
export function comparisons(
  arms: readonly Arm[],
  runs: readonly ExperimentRun[],
  rows: readonly Pick<RunRows, 'run' | 'verdicts'>[],
): Comparison[] {
  const verdicts = new Map(rows.map((one) => [one.run, one.verdicts]));
  return pairedArms(arms, runs).flatMap((paired) =>
    (['macro', 'overall'] as const).flatMap((metric) => {
      const compared = compare(paired, metric);
      const questions = metric === 'overall' ? questionsOf(paired.pairs, verdicts) : null;
      return compared === null ? [] : [{ ...compared, questions }];
    }),
  );
}

/** `null` where the metric was not measured, as macro accuracy without strata. */
function compare({ arm, baseline, pairs }: PairedArms, metric: Metric): Omit<Comparison, 'questions'> | null {
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
    timesFewerInterval: inverse(
      bootstrapOverSeeds(curves, (first, second) => shareOfTheData(first, second, goal(second)), {
        stream: ['times', arm.arm, metric],
      }),
    ),
    equalRows: pairs.every(({ first, second }) =>
      first.curve.every(({ rows }, index) => second.curve[index] === undefined || second.curve[index]?.rows === rows),
    ),
    difference,
    conclusion: conclude(difference),
  };
}

/** The rows an arm needs as a share of the baseline's; `null` where it does not reach the accuracy. */
function shareOfTheData(arm: readonly CurvePoint[], baseline: readonly CurvePoint[], accuracy: number): number | null {
  const reached = rowsToReach(arm, accuracy);
  return reached.reached ? reached.rows / (baseline.at(-1)?.rows ?? 0) : null;
}

/** What is not reached with any share of the rows is reached 0 times as early; no rows at all is no finite factor. */
function inverse(shares: RowsInterval | null): Comparison['timesFewerInterval'] {
  const factor = (share: number | null) => (share === null ? 0 : share === 0 ? null : 1 / share);
  return shares && { low: factor(shares.high), high: factor(shares.low) };
}

/** The questions that one of the two answered right and the other did not, over all pairs; `null` where that is not known. */
function questionsOf(
  pairs: readonly Pair[],
  verdicts: ReadonlyMap<string, RunRows['verdicts']>,
): Comparison['questions'] {
  const last = lastOf(pairs);
  let [total, onlyArm, onlyBaseline] = [0, 0, 0];
  for (const { first, second } of pairs) {
    const [own, other] = [first, second].map(({ run }) => verdicts.get(run)?.[last] ?? null);
    if (!own || !other || first.prepared.tests.test !== second.prepared.tests.test) {
      return null;
    }
    total += own.length;
    onlyArm += own.filter((right, index) => right > (other[index] ?? 1)).length;
    onlyBaseline += other.filter((right, index) => right > (own[index] ?? 1)).length;
  }
  return { total, onlyArm, onlyBaseline, p: mcnemarP(onlyArm, onlyBaseline) };
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
