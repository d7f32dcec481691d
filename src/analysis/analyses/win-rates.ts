import { mean } from 'simple-statistics';
import { canonicalJson } from '../../core/canonical-json';
import { type WinSetting, winRates } from '../../core/statistics/win-rate';
import type { Analyses } from '../analyses-schema';
import { accuracyAt } from '../pairs';
import type { Arm, ExperimentRun, Metric } from '../results-schema';

/**
 * The pairwise win-rate matrix over all settings of the experiment (arXiv 2512.00884, figure 5). Checkpoints double
 * (iterations 1, 2, 4, ...) until random selection has 99 % of its final accuracy, as in BADGE's evaluation, and the last
 * one is always tested.
 */
export function pairwiseWinRates(arms: readonly Arm[], runs: readonly ExperimentRun[]): Analyses['winRates'] {
  return (['macro', 'overall'] as const).flatMap((metric) => {
    const settings = settingsOf(arms, runs, metric);
    const tested = settings.map(({ setting }) => setting);
    const found = winRates(tested);
    return tested.length === 0 || found.arms.length < 2
      ? []
      : [
          {
            metric,
            settings: tested.length,
            checkpoints: [...new Set(settings.flatMap(({ checkpoints }) => checkpoints))].sort((a, b) => a - b),
            strategies: [...found.arms],
            cells: found.cells.map((row) => [...row]),
            overall: [...found.overall],
          },
        ];
  });
}

function settingsOf(arms: readonly Arm[], runs: readonly ExperimentRun[], metric: Metric) {
  const byLabels = new Map<string, Arm[]>();
  for (const arm of arms) {
    const { strategy: _, ...others } = arm.labels;
    const key = canonicalJson(others);
    byLabels.set(key, [...(byLabels.get(key) ?? []), arm]);
  }
  return [...byLabels.values()].flatMap((members) => {
    const curves = new Map(members.map((arm) => [strategyOf(arm), curvesOfArm(arm, runs, metric)] as const));
    const checkpoints = checkpointsOf(curves);
    const setting: WinSetting = {
      arms: new Map(
        [...curves].map(([strategy, seeds]) => [
          strategy,
          new Map([...seeds].map(([seed, curve]) => [seed, checkpoints.map((at) => curve[at] as number)] as const)),
        ]),
      ),
    };
    return checkpoints.length === 0 ? [] : [{ setting, checkpoints }];
  });
}

const strategyOf = (arm: Arm) => String(arm.labels.strategy ?? arm.arm);

/** Random seed -> accuracies by iteration. */
function curvesOfArm(arm: Arm, runs: readonly ExperimentRun[], metric: Metric): Map<number, number[]> {
  const own = runs.filter(({ run }) => arm.runs.includes(run));
  return new Map(
    own.flatMap((run) => {
      const curve = run.curve.map((_, index) => accuracyAt(run, metric, index)).filter((value) => value !== null);
      return curve.length === run.curve.length ? [[run.config.seed, curve] as const] : [];
    }),
  );
}

/** Iterations 1, 2, 4, ... and the last that all runs of the setting have reached. */
function checkpointsOf(curves: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>): number[] {
  const all = [...curves.values()].flatMap((seeds) => [...seeds.values()]);
  const last = Math.min(...all.map(({ length }) => length)) - 1;
  const random = [...(curves.get('random')?.values() ?? [])];
  const meanAt = (index: number) => mean(random.map((curve) => curve[index] as number));
  const checkpoints: number[] = [];
  for (let at = 1; all.length > 0 && at <= last; at *= 2) {
    checkpoints.push(at);
    if (random.length > 0 && meanAt(at) >= 0.99 * meanAt(last)) {
      break;
    }
  }
  // What the runs end with is what is claimed of them, also where its number is no power of two.
  return last < 1 || checkpoints.includes(last) ? checkpoints : [...checkpoints, last];
}
