import type { Interval } from '../statistics/interval';
import { spreadOf } from '../statistics/spread';
import { wilsonInterval } from '../statistics/wilson';
import { SEEDS_PER_ROW } from '../strategies';

/** What one row that was asked for has cost, accepted or not. */
export interface AskedRow {
  readonly tokens: number;
  readonly nanoUsd: number;
  readonly isAccepted: boolean;
}

export interface Projected extends Interval {
  readonly estimate: number;
}

export interface Projection {
  /** Rows that have to be asked for, since some are not accepted. */
  readonly asked: Projected;
  readonly tokens: Projected;
  readonly nanoUsd: Projected;
}

/**
 * What so many accepted rows would cost, from a few that were bought: price per asked row times rows to ask for. The
 * range takes the unlucky end of both 95 % intervals together, so it is rather wide; from below a row is taken to cost
 * no less than the cheapest that was seen, from above no more than its worst case.
 *
 * @param sample at least one row
 * @param worst of a row, as it is reserved
 */
export function projectCost(
  sample: readonly AskedRow[],
  rowsWanted: number,
  worst: { readonly tokens: number; readonly nanoUsd: number },
): Projection {
  const accepted = sample.filter(({ isAccepted }) => isAccepted).length;
  const share = wilsonInterval(accepted, sample.length);
  const toAsk = (acceptedShare: number) =>
    rowsWanted * Math.min(SEEDS_PER_ROW, acceptedShare === 0 ? SEEDS_PER_ROW : 1 / acceptedShare);
  const asked: Projected = {
    estimate: toAsk(accepted / sample.length),
    low: toAsk(share.high),
    high: toAsk(share.low),
  };
  const cost = (unit: 'tokens' | 'nanoUsd'): Projected => {
    const values = sample.map((row) => row[unit]);
    const { mean, interval } = spreadOf(values);
    return {
      estimate: asked.estimate * mean,
      low: asked.low * Math.max(Math.min(...values), interval?.low ?? 0),
      high: asked.high * Math.min(worst[unit], interval?.high ?? Number.POSITIVE_INFINITY),
    };
  };
  return { asked, tokens: cost('tokens'), nanoUsd: cost('nanoUsd') };
}

/** Several runs together. Both ends are added up, as if all were lucky or unlucky at once. */
export function addProjections(projections: readonly Projection[]): Projection {
  const sum = (unit: keyof Projection): Projected => {
    const of = (end: keyof Projected) => projections.reduce((total, projection) => total + projection[unit][end], 0);
    return { estimate: of('estimate'), low: of('low'), high: of('high') };
  };
  return { asked: sum('asked'), tokens: sum('tokens'), nanoUsd: sum('nanoUsd') };
}
