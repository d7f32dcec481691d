import { mean } from 'simple-statistics';

/** One checkpoint of a learning curve, at what had been spent so far: rows, tokens, USD or seconds. */
export interface CurvePoint {
  readonly cost: number;
  readonly accuracy: number;
}

/** Checkpoints in order of cost, the base student first. */
export type Curve = readonly CurvePoint[];

/** "Not reached" is an outcome of its own: the end of the budget is not an estimate of it. */
export type CostToReach = { readonly reached: true; readonly cost: number } | { readonly reached: false };

/**
 * N(tau): the cost at which a curve first reaches an accuracy, linear between checkpoints. A later fall below it does not
 * undo the crossing.
 */
export function costToReach(curve: Curve, accuracy: number): CostToReach {
  const index = curve.findIndex((point) => point.accuracy >= accuracy);
  const after = curve[index];
  if (after === undefined) {
    return { reached: false };
  }
  const before = curve[index - 1];
  if (before === undefined) {
    return { reached: true, cost: after.cost };
  }
  const share = (accuracy - before.accuracy) / (after.accuracy - before.accuracy);
  return { reached: true, cost: before.cost + share * (after.cost - before.cost) };
}

/** Linear between checkpoints; before the first and after the last, theirs. */
export function accuracyAtCost(curve: Curve, cost: number): number {
  const index = curve.findIndex((point) => point.cost >= cost);
  const [before, after] = [curve[index - 1], curve[index]];
  if (after === undefined) {
    return curve.at(-1)?.accuracy ?? Number.NaN;
  }
  if (before === undefined || after.cost === before.cost) {
    return after.accuracy;
  }
  const share = (cost - before.cost) / (after.cost - before.cost);
  return before.accuracy + share * (after.accuracy - before.accuracy);
}

/** The same curves with a checkpoint wherever one of them has one, up to a cost that all have reached. */
export function onCommonGrid(curves: readonly Curve[], end: number): Curve[] {
  const costs = [...new Set([...curves.flatMap((curve) => curve.map(({ cost }) => cost)), end])]
    .filter((cost) => cost <= end)
    .sort((left, right) => left - right);
  return curves.map((curve) => costs.map((cost) => ({ cost, accuracy: accuracyAtCost(curve, cost) })));
}

/** The mean of curves that have the same checkpoints. */
export const meanCurve = (curves: readonly Curve[]): Curve =>
  (curves[0] ?? []).map(({ cost }, index) => ({
    cost,
    accuracy: mean(curves.map((curve) => curve[index]?.accuracy ?? Number.NaN)),
  }));
