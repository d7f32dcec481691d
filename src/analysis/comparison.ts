import { mcnemarP } from '../core/statistics/mcnemar';
import { pairedDifference } from '../core/statistics/paired-t';
import { permutationP } from '../core/statistics/permutation';
import { bootstrapOverSeeds, meanCurve, type RowsInterval } from '../core/statistics/rows-interval';
import { type CurvePoint, rowsToReach } from '../core/statistics/rows-to-reach';
import type { RunRows } from './data/load-rows';
import { accuracyAt, curvesOf, lastOf, type Pair, type PairedArms, pairedArms } from './pairs';
import type { Arm, Comparison, ExperimentRun, Metric } from './results-schema';

/**
 * Each arm against the otherwise equal arm with random selection. Paired by random seed, at the last iteration that all
 * pairs have reached with equal rows, which is fair for an unfinished experiment too.
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

/** `null` if the metric was not measured, such as macro accuracy without strata. */
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

/** The rows an arm needs as a share of the baseline's; `null` if it does not reach the accuracy. */
function shareOfTheData(arm: readonly CurvePoint[], baseline: readonly CurvePoint[], accuracy: number): number | null {
  const reached = rowsToReach(arm, accuracy);
  return reached.reached ? reached.rows / (baseline.at(-1)?.rows ?? 0) : null;
}

/** An accuracy that is never reached has the factor 0; one that needs no rows has no finite factor. */
function inverse(shares: RowsInterval | null): Comparison['timesFewerInterval'] {
  const factor = (share: number | null) => (share === null ? 0 : share === 0 ? null : 1 / share);
  return shares && { low: factor(shares.high), high: factor(shares.low) };
}

/** Questions that exactly one of the two answered correctly, over all pairs; `null` if the answers are unknown. */
function questionsOf(
  pairs: readonly Pair[],
  verdicts: ReadonlyMap<string, RunRows['verdicts']>,
): Comparison['questions'] {
  const last = lastOf(pairs);
  const differences: number[] = [];
  for (const { first, second } of pairs) {
    const [own, other] = [first, second].map(({ run }) => verdicts.get(run)?.[last] ?? null);
    if (!own || !other || first.prepared.tests.test !== second.prepared.tests.test) {
      return null;
    }
    // What one of them could not measure says nothing about either.
    differences.push(
      ...Array.from(own, (value, index) => value - (other[index] ?? Number.NaN)).filter(Number.isFinite),
    );
  }
  const onlyArm = differences.filter((difference) => difference > 0).length;
  const onlyBaseline = differences.filter((difference) => difference < 0).length;
  const isBinary = differences.every(Number.isInteger);
  const p = isBinary ? mcnemarP(onlyArm, onlyBaseline) : permutationP(differences, { stream: ['questions'] });
  return { total: differences.length, onlyArm, onlyBaseline, p };
}

/** No claim of a difference if its interval contains 0. */
function conclude({ interval }: Comparison['difference']): Comparison['conclusion'] {
  if (interval === null) {
    return 'one seed';
  }
  if (interval.low > 0) {
    return 'above';
  }
  return interval.high < 0 ? 'below' : 'not distinguishable';
}
