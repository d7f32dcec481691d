import type { Interval } from '../core/statistics/interval';
import type { Arm, ExperimentResults, ExperimentRun, Metric, RunResults } from './results-schema';

export interface SeriesPoint {
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

export const metricTitles: Readonly<Record<Metric, string>> = {
  macro: 'Macro accuracy',
  overall: 'Overall accuracy',
};

/** What a figure of one metric shows; empty where the metric was not measured. */
export function seriesOf(results: RunResults | ExperimentResults, metric: Metric): Series[] {
  const all =
    results.kind === 'run'
      ? [{ name: results.config.strategy.name, isBaseline: false, points: pointsOf(results, metric), seeds: [] }]
      : results.arms.map((arm) => armSeries(arm, results.runs, metric));
  return all.filter(({ points }) => points.length > 0);
}

function armSeries(arm: Arm, runs: readonly ExperimentRun[], metric: Metric): Series {
  return {
    name: arm.arm,
    isBaseline: arm.labels.strategy === 'random',
    points: arm.curve.flatMap((point) => {
      const spread = point[metric];
      return spread === null ? [] : [{ rows: point.rows, accuracy: spread.mean, interval: spread.interval }];
    }),
    seeds: runs.filter(({ run }) => arm.runs.includes(run)).map((run) => pointsOf(run, metric)),
  };
}

function pointsOf(run: Pick<RunResults, 'curve'>, metric: Metric): SeriesPoint[] {
  return run.curve.flatMap(({ rows, overall, macro }) => {
    const accuracy = metric === 'macro' ? macro : overall.accuracy;
    return accuracy === null ? [] : [{ rows, accuracy, interval: metric === 'macro' ? null : overall.interval }];
  });
}
