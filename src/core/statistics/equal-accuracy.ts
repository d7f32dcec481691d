import { mean } from 'simple-statistics';
import { accuracyAtCost, type CostToReach, type Curve, costToReach, meanCurve, onCommonGrid } from './learning-curve';
import { tQuantile } from './student-t';

/** The learning curves of two arms under one random seed. */
export interface CurvePair {
  readonly arm: Curve;
  readonly baseline: Curve;
}

/** A 95 % interval of a cost or of a ratio of costs; an end that is `null` lies beyond every number that was measured. */
export interface CostInterval {
  readonly low: number | null;
  readonly high: number | null;
}

/** Of squared accuracies: far below what one question more or less changes. */
const ROUNDING = 1e-15;

/**
 * At which costs does the mean curve have a target accuracy? The interval holds every cost at which a paired t-test does
 * not tell the curves from their targets. It is the inversion of that test (as in Fieller, J. R. Stat. Soc. B 16, 1954),
 * so it keeps its level with two pairs as with twenty. A bootstrap over so few pairs does not.
 *
 * @param curves one for each random seed, with the same checkpoints
 * @param targets the target under each of these random seeds
 * @returns `null` for fewer than two curves. An end beyond the last checkpoint is `null`; both ends are where the target
 * is above the whole curve. Where it is below the whole curve, both are the first checkpoint.
 */
export function costInterval(curves: readonly Curve[], targets: readonly number[]): CostInterval | null {
  if (curves.length < 2) {
    return null;
  }
  const checkpoints = (curves[0] ?? []).map(({ cost }, index) => ({
    cost,
    differences: curves.map((curve, pair) => (curve[index]?.accuracy ?? Number.NaN) - (targets[pair] ?? Number.NaN)),
  }));
  const [first, last] = [checkpoints[0], checkpoints.at(-1)];
  if (first === undefined || last === undefined) {
    return null;
  }
  const limit = tQuantile(curves.length - 1) ** 2 / curves.length / (curves.length - 1);
  const inside = checkpoints.flatMap((after, index) => {
    const before = checkpoints[index - 1] ?? after;
    const shares = sharesInside(before.differences, after.differences, limit);
    return shares.map((share) => before.cost + share * (after.cost - before.cost));
  });
  const [low, high] = [inside[0], inside.at(-1)];
  if (low === undefined || high === undefined) {
    return mean(last.differences) < 0 ? { low: null, high: null } : { low: first.cost, high: first.cost };
  }
  return { low, high: high === last.cost ? null : high };
}

/**
 * Between two checkpoints each difference is linear, so the squared mean and the variance are quadratic in the share of
 * the way: the test's limit, mean squared = t squared times variance / n, is a quadratic equation.
 *
 * @param limit t squared / n / (n - 1)
 * @returns in order, where the test cannot tell the differences from 0: the ends of that part of the way; empty if nowhere
 */
function sharesInside(before: readonly number[], after: readonly number[], limit: number): number[] {
  const [start, step] = [mean(before), mean(after) - mean(before)];
  const fromMean = before.map((value) => value - start);
  const steps = after.map((value, index) => value - (before[index] ?? Number.NaN) - step);
  const products = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, index) => sum + value * (other[index] ?? Number.NaN), 0);
  const a = step ** 2 - limit * products(steps, steps);
  const b = 2 * (start * step - limit * products(fromMean, steps));
  const c = start ** 2 - limit * products(fromMean, fromMean);
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  const candidates = [0, 1, (-b - root) / (2 * a), (-b + root) / (2 * a), -c / b, -start / step];
  return candidates
    .filter((share) => share >= 0 && share <= 1 && a * share ** 2 + b * share + c <= ROUNDING)
    .sort((left, right) => left - right);
}

export interface EqualAccuracy {
  /** The baseline's accuracy at the end, mean over seeds. */
  readonly target: number;
  /** The cost at which the arm's mean curve first has it. */
  readonly reached: CostToReach;
  /** `null` for one pair. */
  readonly reachedInterval: CostInterval | null;
  /** Baseline's cost / arm's cost for the same accuracy; `null` where the arm has it before its first row. */
  readonly ratio: number | null;
  /** An end of 0: the baseline may have it before its first row; an end of `null`: the arm may. `null` for one pair. */
  readonly interval: CostInterval | null;
}

/**
 * How many times the cost of the arm the baseline needs for the accuracy that the worse of the two ends with: above 1 the
 * arm is the cheaper one, below 1 the baseline. The interval contains 1 exactly where the paired t-test cannot tell the
 * two ends apart.
 *
 * @param pairs at least one; curves that go as far as `end`
 */
export function equalAccuracy(pairs: readonly CurvePair[], end: number): EqualAccuracy {
  const onGrid = onCommonGrid(
    pairs.flatMap(({ arm, baseline }) => [arm, baseline]),
    end,
  );
  const [arms, baselines] = [
    onGrid.filter((_, index) => index % 2 === 0),
    onGrid.filter((_, index) => index % 2 === 1),
  ];
  const ends = (curves: readonly Curve[]) => curves.map((curve) => accuracyAtCost(curve, end));
  const [arm, baseline] = [meanCurve(arms), meanCurve(baselines)];
  const [own, target] = [accuracyAtCost(arm, end), accuracyAtCost(baseline, end)];
  const reached = costToReach(arm, target);
  const [ofArm, ofBaseline] = [costInterval(arms, ends(baselines)), costInterval(baselines, ends(arms))];
  const needed = own >= target ? reached : costToReach(baseline, own);
  const cost = needed.reached ? needed.cost : end;
  const ratio = own < target ? cost / end : cost <= 0 ? null : end / cost;
  const interval = ofArm && ofBaseline && ratioInterval(ofArm, ofBaseline, { end, isBetter: own >= target });
  return { target, reached, reachedInterval: ofArm, ratio, interval };
}

/** From where the arm may have the baseline's end, and the baseline the arm's. */
function ratioInterval(
  ofArm: CostInterval,
  ofBaseline: CostInterval,
  { end, isBetter }: { readonly end: number; readonly isBetter: boolean },
): CostInterval {
  const timesFewer = (armCost: number | null) => (armCost === null || armCost <= 0 ? null : end / armCost);
  const share = (baselineCost: number | null) => (baselineCost ?? end) / end;
  const isTie = ofArm.low !== null && ofArm.high === null;
  if (isTie) {
    return { low: share(ofBaseline.low), high: timesFewer(ofArm.low) };
  }
  return isBetter
    ? { low: timesFewer(ofArm.high), high: timesFewer(ofArm.low) }
    : { low: share(ofBaseline.low), high: share(ofBaseline.high) };
}
