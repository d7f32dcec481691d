import { mean, median } from 'simple-statistics';
import { lineFit } from '../../core/statistics/line-fit';
import { pairedDifference } from '../../core/statistics/paired-t';
import { rankCorrelation } from '../../core/statistics/rank-correlation';
import type { Analyses } from '../analyses-schema';
import type { RowLine } from '../data/row-line';
import { settingOf } from '../settings';
import type { ArmRun } from './arm-run';

const POINTS_MAX = 2000;

/** A perfect order of three points has an infinite z. */
const RHO_MAX = 0.999;

type Pair = readonly [seed: number | null, row: number | null];

const measures = {
  loss: ({ parentLoss, loss }: RowLine): Pair => [parentLoss, loss],
  reward: ({ parentReward, reward }: RowLine): Pair => [parentReward, reward],
};

/**
 * Does a hard seed make hard rows? Losses of the selecting student's answers to seeds and to the rows made from them, or
 * a reward model's grades of those answers: medians of whole sets, and single points (arXiv 2512.00884, figure 2).
 */
export function diagnosed(runs: readonly ArmRun[], by: keyof typeof measures): Analyses['diagnosed'] {
  const settings = [...new Set(runs.map(({ result }) => settingOf(result.labels)))];
  return settings.flatMap((setting) => {
    const own = runs.filter(({ result }) => settingOf(result.labels) === setting);
    return diagnosedIn(setting, own, by) ?? [];
  });
}

function diagnosedIn(
  setting: string,
  runs: readonly ArmRun[],
  by: keyof typeof measures,
): Analyses['diagnosed'][number] | null {
  const sets = runs.flatMap(({ arm, result, rows }) =>
    Array.from({ length: result.iterations.length }, (_, index) => ({
      arm,
      run: result.run,
      iteration: index + 1,
      pairs: rows.lines.flatMap((line): [number, number][] => {
        const [seed, row] = measures[by](line);
        return line.iteration !== index + 1 || seed === null || row === null ? [] : [[seed, row]];
      }),
    })),
  );
  const measured = sets.filter(({ pairs }) => pairs.length > 0);
  if (measured.length === 0) {
    return null;
  }
  const medians = measured.map(({ pairs, ...set }) => ({
    ...set,
    seeds: median(pairs.map(([seed]) => seed)),
    rows: median(pairs.map(([, row]) => row)),
  }));
  const points = measured.flatMap(({ pairs }) => pairs);
  const every = Math.ceil(points.length / POINTS_MAX);
  return {
    setting,
    sets: medians,
    betweenSets: correlate(medians.map(({ seeds, rows }) => [seeds, rows])),
    setsLine: lineFit(medians.map(({ seeds, rows }) => [seeds, rows])),
    withinSets: withinSets(measured),
    pointsLine: lineFit(points),
    points: points.filter((_, index) => index % every === 0),
  };
}

/** Rows of one run share their seeds and their student: the runs are the independent observations, not the rows. */
function withinSets(
  sets: readonly { readonly run: string; readonly pairs: readonly (readonly [number, number])[] }[],
): Analyses['diagnosed'][number]['withinSets'] {
  const byRun = new Map<string, number[]>();
  for (const { run, pairs } of sets) {
    const rho = correlate(pairs)?.rho;
    if (rho !== undefined) {
      byRun.set(run, [...(byRun.get(run) ?? []), Math.atanh(Math.max(-RHO_MAX, Math.min(RHO_MAX, rho)))]);
    }
  }
  const ofRuns = [...byRun.values()].map((values) => mean(values));
  if (ofRuns.length === 0) {
    return null;
  }
  const { mean: z, p } = pairedDifference(
    ofRuns,
    ofRuns.map(() => 0),
  );
  return { runs: ofRuns.length, rho: Math.tanh(z), p };
}

const correlate = (pairs: readonly (readonly [number, number])[]) =>
  rankCorrelation(
    pairs.map(([first]) => first),
    pairs.map(([, second]) => second),
  );
