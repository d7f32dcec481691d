import { canonicalJson } from '../core/canonical-json';
import type { CurvePair } from '../core/statistics/equal-accuracy';
import type { CurvePoint } from '../core/statistics/learning-curve';
import { type Axis, positionOn } from './axis';
import type { Arm, ExperimentRun, Metric, Times } from './results-schema';

/** Two runs of one random seed, `first` of the arm and `second` of the baseline. */
export interface Pair {
  readonly seed: number;
  readonly first: ExperimentRun;
  readonly second: ExperimentRun;
}

export interface PairedArms {
  readonly arm: Arm;
  /** The arm that picks at random and is otherwise the same. */
  readonly baseline: Arm;
  /** In order of random seed. */
  readonly pairs: readonly Pair[];
}

/** Each arm with its random arm and the random seeds that both have; arms without one are left out. */
export function pairedArms(arms: readonly Arm[], runs: readonly ExperimentRun[]): PairedArms[] {
  return arms.flatMap((arm) => {
    const baseline = baselineOf(arm, arms, runs);
    const pairs = baseline === undefined ? [] : pairsOf(arm, baseline, runs);
    return baseline === undefined || pairs.length === 0 ? [] : [{ arm, baseline, pairs }];
  });
}

/**
 * The learning curves of the pairs against what was spent; `null` where a run has not the metric: a number that was not
 * measured is not made up.
 */
export function curvesOn(axis: Axis, pairs: readonly Pair[], metric: Metric, times: Times): CurvePair[] | null {
  const curveOf = (run: ExperimentRun): CurvePoint[] =>
    run.curve.flatMap((_, index) => {
      const accuracy = accuracyAt(run, metric, index);
      return accuracy === null ? [] : [{ cost: positionOn(axis, run, index, times), accuracy }];
    });
  const curves = pairs.map(({ first, second }) => ({ arm: curveOf(first), baseline: curveOf(second) }));
  const isWhole = curves.every(
    ({ arm, baseline }, index) =>
      arm.length === pairs[index]?.first.curve.length && baseline.length === pairs[index]?.second.curve.length,
  );
  return isWhole ? curves : null;
}

/** The cost that every run has reached; 0 where one has evaluated its base student alone. */
export const commonCost = (curves: readonly CurvePair[]): number =>
  Math.min(...curves.flatMap(({ arm, baseline }) => [arm, baseline].map((curve) => curve.at(-1)?.cost ?? 0)));

export function accuracyAt(run: ExperimentRun, metric: Metric, index: number): number | null {
  const point = run.curve[index];
  return (metric === 'macro' ? point?.macro : point?.overall.accuracy) ?? null;
}

/** Of the arms that differ in strategy alone: `random`, or where there is none, another one that picks evenly at random. */
function baselineOf(arm: Arm, arms: readonly Arm[], runs: readonly ExperimentRun[]): Arm | undefined {
  const others = ({ labels: { strategy: _, ...labels } }: Arm) => canonicalJson(labels);
  const strategyOf = ({ runs: names }: Arm) => runs.find(({ run }) => names.includes(run))?.config.strategy;
  const setting = arms.filter((one) => others(one) === others(arm));
  const baseline =
    setting.find(({ labels }) => labels.strategy === 'random') ??
    setting.find((one) => strategyOf(one)?.score === 'random' && strategyOf(one)?.select === 'uniform');
  return baseline === arm ? undefined : baseline;
}

function pairsOf(arm: Arm, baseline: Arm, runs: readonly ExperimentRun[]): Pair[] {
  const ofArm = ({ runs: names }: Arm) => runs.filter(({ run }) => names.includes(run));
  const seconds = new Map(ofArm(baseline).map((run) => [run.config.seed, run]));
  return ofArm(arm)
    .flatMap((first) => {
      const second = seconds.get(first.config.seed);
      return second === undefined ? [] : [{ seed: first.config.seed, first, second }];
    })
    .sort((left, right) => left.seed - right.seed);
}
