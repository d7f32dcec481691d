import { canonicalJson } from '../core/canonical-json';
import type { CurvePair } from '../core/statistics/rows-interval';
import type { Arm, ExperimentRun, Metric } from './results-schema';

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
    const baseline = baselineOf(arm, arms);
    const pairs = baseline === undefined ? [] : pairsOf(arm, baseline, runs);
    return baseline === undefined || pairs.length === 0 ? [] : [{ arm, baseline, pairs }];
  });
}

/**
 * The curves of the pairs up to the last checkpoint that all have reached with equal rows; `null` where one of them has
 * not the metric: a number that was not measured is not made up.
 */
export function curvesOf(pairs: readonly Pair[], metric: Metric): CurvePair[] | null {
  const last = lastOf(pairs);
  const curves = pairs.map(({ first, second }) => ({
    arm: cut(first, metric, last),
    baseline: cut(second, metric, last),
  }));
  const isWhole = curves.every(({ arm, baseline }) => arm.length === last + 1 && baseline.length === last + 1);
  return isWhole && last >= 0 ? curves : null;
}

/** Index of the last checkpoint of all pairs; checkpoints behind one with unequal rows do not count. */
export function lastOf(pairs: readonly Pair[]): number {
  const shortest = Math.min(...pairs.flatMap(({ first, second }) => [first.curve.length, second.curve.length])) - 1;
  const firstUnequal = Array.from({ length: shortest + 1 }, (_, index) => index).find((index) =>
    pairs.some(({ first, second }) => first.curve[index]?.rows !== second.curve[index]?.rows),
  );
  return firstUnequal === undefined ? shortest : firstUnequal - 1;
}

export function accuracyAt(run: ExperimentRun, metric: Metric, index: number): number | null {
  const point = run.curve[index];
  return (metric === 'macro' ? point?.macro : point?.overall.accuracy) ?? null;
}

function cut(run: ExperimentRun, metric: Metric, last: number) {
  return run.curve.slice(0, last + 1).flatMap(({ rows }, index) => {
    const accuracy = accuracyAt(run, metric, index);
    return accuracy === null ? [] : [{ rows, accuracy }];
  });
}

function baselineOf(arm: Arm, arms: readonly Arm[]): Arm | undefined {
  if (arm.labels.strategy === 'random') {
    return undefined;
  }
  const wanted = canonicalJson({ ...arm.labels, strategy: 'random' });
  return arms.find(({ labels }) => canonicalJson(labels) === wanted);
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
