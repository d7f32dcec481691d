import { type CurvePair, type EqualAccuracy, equalAccuracy } from '../core/statistics/equal-accuracy';
import { holm } from '../core/statistics/holm';
import { accuracyAtCost } from '../core/statistics/learning-curve';
import { mcnemarP } from '../core/statistics/mcnemar';
import { type PairedDifference, pairedDifference } from '../core/statistics/paired-t';
import { permutationP } from '../core/statistics/permutation';
import type { Axis } from './axis';
import type { RunRows } from './data/load-rows';
import { commonCost, curvesOn, type Pair, type PairedArms, pairedArms } from './pairs';
import type { Arm, Comparison, ExperimentRun, Metric, Times } from './results-schema';

type Compared = Omit<Comparison, 'questions' | 'pHolm'>;

/**
 * Each arm against the otherwise equal arm with random selection, paired by random seed, where both have bought equally
 * many rows: as far as all pairs have got, which is fair for an unfinished experiment too.
 */
export function comparisons(
  arms: readonly Arm[],
  runs: readonly ExperimentRun[],
  rows: readonly Pick<RunRows, 'run' | 'verdicts'>[],
): Comparison[] {
  const verdicts = new Map(rows.map((one) => [one.run, one.verdicts]));
  const metrics = ['macro', 'overall'] as const;
  const found = pairedArms(arms, runs).flatMap((paired) =>
    metrics.flatMap((metric) => {
      const compared = compare(paired, metric);
      if (compared === null) {
        return [];
      }
      const { iteration } = compared;
      const isAsked = metric === 'overall' && iteration !== null;
      return [{ ...compared, questions: isAsked ? questionsOf(paired.pairs, verdicts, iteration) : null }];
    }),
  );
  // One question is asked of each metric: does any arm differ from random selection?
  const adjusted = new Map(
    metrics.flatMap((metric) => {
      const tests = found.filter((one) => one.metric === metric);
      const pValues = holm(tests.map(({ difference }) => difference?.p ?? null));
      return tests.map((test, index) => [test, pValues[index] ?? null] as const);
    }),
  );
  return found.map((one) => ({ ...one, pHolm: adjusted.get(one) ?? null }));
}

/** `null` if the metric was not measured, such as macro accuracy without strata. */
function compare({ arm, baseline, pairs }: PairedArms, metric: Metric): Compared | null {
  const curves = curvesOn('rows', pairs, metric, {});
  if (curves === null) {
    return null;
  }
  const rows = commonCost(curves);
  const common = { arm: arm.arm, baseline: baseline.arm, metric, seeds: pairs.map(({ seed }) => seed) };
  const equalRows = pairs.every(({ first, second }) =>
    first.curve.every((point, index) => second.curve[index] === undefined || second.curve[index]?.rows === point.rows),
  );
  const equal = equalAccuracy(curves, rows);
  const { target, reached } = equal;
  return {
    ...common,
    iteration: iterationAt(pairs, rows),
    baselineRows: rows,
    target,
    rowsToReach: reached.reached ? { reached: true, rows: reached.cost } : reached,
    rowsToReachInterval: rows === 0 ? null : equal.reachedInterval,
    equalRows,
    ...atEqualCost(curves, rows, equal),
    otherCosts: otherCosts(pairs, metric, ['tokens', 'usd'], {}),
  };
}

/**
 * The same comparison where both have spent equally much of something else: the paper's claim is about equal budgets, and
 * arms that buy equally many rows may pay differently for them.
 */
export function otherCosts(
  pairs: readonly Pair[],
  metric: Metric,
  axes: readonly Axis[],
  times: Times,
): Comparison['otherCosts'] {
  return axes.flatMap((axis) => {
    const curves = pairs.length === 0 ? null : curvesOn(axis, pairs, metric, times);
    const cost = curves === null ? 0 : commonCost(curves);
    return curves === null || cost <= 0
      ? []
      : [{ axis, cost, ...atEqualCost(curves, cost, equalAccuracy(curves, cost)) }];
  });
}

/** No factor is given where the arms are not distinguished. */
function atEqualCost(curves: readonly CurvePair[], cost: number, { ratio, interval }: EqualAccuracy) {
  if (cost <= 0) {
    return { difference: null, conclusion: 'nothing in common', timesFewer: null, timesFewerInterval: null } as const;
  }
  const at = (side: keyof CurvePair) => curves.map((pair) => accuracyAtCost(pair[side], cost));
  const difference = pairedDifference(at('arm'), at('baseline'));
  const conclusion = conclude(difference);
  const isTold = conclusion === 'above' || conclusion === 'below';
  return { difference, conclusion, timesFewer: isTold ? ratio : null, timesFewerInterval: interval };
}

/** The iteration at which every run has exactly so many rows; `null` where one has them between two iterations. */
function iterationAt(pairs: readonly Pair[], rows: number): number | null {
  const curves = pairs.flatMap(({ first, second }) => [first.curve, second.curve]);
  const last = Math.min(...curves.map((curve) => curve.length)) - 1;
  const found = Array.from({ length: last + 1 }, (_, index) => index).findLast((index) =>
    curves.every((curve) => curve[index]?.rows === rows),
  );
  return found ?? null;
}

/** Questions that exactly one of the two answered correctly, over all pairs; `null` if the answers are unknown. */
function questionsOf(
  pairs: readonly Pair[],
  verdicts: ReadonlyMap<string, RunRows['verdicts']>,
  iteration: number,
): Comparison['questions'] {
  const differences: number[] = [];
  for (const { first, second } of pairs) {
    const [own, other] = [first, second].map(({ run }) => verdicts.get(run)?.[iteration] ?? null);
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
function conclude({ interval }: PairedDifference): Comparison['conclusion'] {
  if (interval === null) {
    return 'one seed';
  }
  if (interval.low > 0) {
    return 'above';
  }
  return interval.high < 0 ? 'below' : 'not distinguishable';
}
