import type { Interval } from '../core/statistics/interval';
import { type Axis, meanPositionOn, positionOn } from './axis';
import {
  type Arm,
  type ExperimentResults,
  type Metric,
  measureOf,
  type RunResults,
  type Times,
} from './results-schema';

export interface SeriesPoint {
  /** Position on the axis that was asked for: rows, unless said otherwise. */
  readonly x: number;
  readonly rows: number;
  readonly accuracy: number;
  /** Over seeds for an arm, over questions for a single run; `null` where it is not known. */
  readonly interval: Interval | null;
}

/** One line of a learning-curve figure: an arm with its seeds, or a single run. */
export interface Series {
  readonly name: string;
  /** Drawn back: what the others are compared with. */
  readonly isBaseline: boolean;
  readonly points: readonly SeriesPoint[];
  /** The curve of each random seed, as far as it has got; empty for a single run. */
  readonly seeds: readonly (readonly SeriesPoint[])[];
}

/** `Macro accuracy`, or `Macro mean score` where the check gives scores. */
export const metricTitle = (metric: Metric, results: RunResults | ExperimentResults): string =>
  `${metric === 'macro' ? 'Macro' : 'Overall'} ${measureOf(results)}`;

/** What a figure of one metric shows; empty where the metric was not measured. */
export function seriesOf(results: RunResults | ExperimentResults, metric: Metric, axis: Axis = 'rows'): Series[] {
  const { times } = results;
  const all =
    results.kind === 'run'
      ? [
          {
            name: results.config.strategy.name,
            isBaseline: false,
            points: pointsOf(results, { metric, axis, times }),
            seeds: [],
          },
        ]
      : results.arms.map((arm) => armSeries(arm, results, { metric, axis, times }));
  return all.filter(({ points }) => points.length > 0);
}

interface View {
  readonly metric: Metric;
  readonly axis: Axis;
  readonly times: Times;
}

function armSeries(arm: Arm, { runs, comparisons }: ExperimentResults, view: View): Series {
  const own = runs.filter(({ run }) => arm.runs.includes(run));
  return {
    name: arm.arm,
    isBaseline: comparisons.some(({ baseline }) => baseline === arm.arm),
    points: arm.curve.flatMap((point, index) => {
      const spread = point[view.metric];
      const x = meanPositionOn(view.axis, own, index, view.times);
      return spread === null ? [] : [{ x, rows: point.rows, accuracy: spread.mean, interval: spread.interval }];
    }),
    seeds: own.map((run) => pointsOf(run, view)),
  };
}

function pointsOf(run: Pick<RunResults, 'run' | 'curve' | 'config'>, { metric, axis, times }: View): SeriesPoint[] {
  return run.curve.flatMap(({ rows, overall, macro }, index) => {
    const accuracy = metric === 'macro' ? macro : overall.accuracy;
    const x = positionOn(axis, run, index, times);
    return accuracy === null ? [] : [{ x, rows, accuracy, interval: metric === 'macro' ? null : overall.interval }];
  });
}
