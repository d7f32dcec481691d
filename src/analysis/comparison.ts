import { mean } from 'simple-statistics';
import { canonicalJson } from '../core/canonical-json';
import { pairedDifference } from '../core/statistics/paired-t';
import { rowsToReach } from '../core/statistics/rows-to-reach';
import type { Arm, Comparison, ExperimentRun, Metric } from './results-schema';

/** Two runs of one random seed, `first` of the arm and `second` of the baseline. */
interface Pair {
  readonly seed: number;
  readonly first: ExperimentRun;
  readonly second: ExperimentRun;
}

/**
 * Each arm against the arm that picks at random and is otherwise the same. Paired by random seed, made at the last
 * iteration that all pairs have reached: for an experiment still going that is a fair comparison too.
 */
export function comparisons(arms: readonly Arm[], runs: readonly ExperimentRun[]): Comparison[] {
  return arms.flatMap((arm) => {
    const baseline = baselineOf(arm, arms);
    const pairs = baseline === undefined ? [] : pairsOf(arm, baseline, runs);
    return baseline === undefined || pairs.length === 0
      ? []
      : (['macro', 'overall'] as const).flatMap((metric) => compare({ arm, baseline, metric, pairs }) ?? []);
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

/** `null` where the metric was not measured, as macro accuracy without strata. */
function compare(options: { arm: Arm; baseline: Arm; metric: Metric; pairs: readonly Pair[] }): Comparison | null {
  const { arm, baseline, metric, pairs } = options;
  const last = Math.min(...pairs.flatMap(({ first, second }) => [first.curve.length, second.curve.length])) - 1;
  const firsts = pairs.map(({ first }) => first);
  const seconds = pairs.map(({ second }) => second);
  const firstCurve = meanCurve(firsts, metric, last);
  const secondCurve = meanCurve(seconds, metric, last);
  const end = secondCurve.at(-1);
  if (end === undefined || firstCurve.length === 0) {
    return null;
  }
  const found = rowsToReach(firstCurve, end.accuracy);
  const difference = pairedDifference(
    firsts.map((run) => accuracyAt(run, metric, last) as number),
    seconds.map((run) => accuracyAt(run, metric, last) as number),
  );
  return {
    arm: arm.arm,
    baseline: baseline.arm,
    metric,
    seeds: pairs.map(({ seed }) => seed),
    iteration: last,
    baselineRows: end.rows,
    target: end.accuracy,
    rowsToReach: found,
    timesFewer: found.reached && found.rows > 0 ? end.rows / found.rows : null,
    difference,
    conclusion: conclude(difference),
  };
}

/** Empty unless every run has the metric at every iteration: a number that was not measured is not made up. */
function meanCurve(runs: readonly ExperimentRun[], metric: Metric, last: number) {
  const points = Array.from({ length: last + 1 }, (_, index) => {
    const accuracies = runs.map((run) => accuracyAt(run, metric, index)).filter((accuracy) => accuracy !== null);
    return accuracies.length < runs.length
      ? null
      : { rows: mean(runs.map((run) => run.curve[index]?.rows ?? 0)), accuracy: mean(accuracies) };
  }).filter((point) => point !== null);
  return points.length === last + 1 ? points : [];
}

function accuracyAt(run: ExperimentRun, metric: Metric, index: number): number | null {
  const point = run.curve[index];
  return (metric === 'macro' ? point?.macro : point?.overall.accuracy) ?? null;
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
