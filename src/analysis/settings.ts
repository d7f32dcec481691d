import type { Analyses } from './analyses-schema';
import type { ExperimentResults, Labels } from './results-schema';

/** The part of an experiment whose runs differ in strategy and random seed alone: what can be compared, and drawn together. */
export interface Setting {
  /** Such as `task=prontoqa`; empty where the experiment has one setting. */
  readonly name: string;
  readonly results: ExperimentResults;
}

/** Every label but strategy and random seed, by the last part of its key path. */
export function settingOf(labels: Labels): string {
  return Object.entries(labels)
    .filter(([key]) => key !== 'seed' && key !== 'strategy')
    .map(([key, value]) => `${key.split('.').at(-1)}=${value}`)
    .join(' ');
}

/** The settings of an experiment, in the order of its file; arms of several are named by their strategy alone. */
export function settingsOf(results: ExperimentResults): Setting[] {
  const names = [...new Set(results.arms.map(({ labels }) => settingOf(labels)))];
  return names.length < 2 ? [{ name: '', results }] : names.map((name) => ({ name, results: partOf(results, name) }));
}

function partOf(results: ExperimentResults, setting: string): ExperimentResults {
  const members = results.arms.filter(({ labels }) => settingOf(labels) === setting);
  const short = new Map(members.map(({ arm, labels }) => [arm, String(labels.strategy ?? arm)]));
  const rename = (arm: string) => short.get(arm) ?? arm;
  const own = <T extends { readonly arm: string }>(all: readonly T[]): T[] =>
    all.filter(({ arm }) => short.has(arm)).map((one) => ({ ...one, arm: rename(one.arm) }));
  const ownPairs = <T extends { readonly arm: string; readonly baseline: string }>(all: readonly T[]): T[] =>
    own(all).map((one) => ({ ...one, baseline: rename(one.baseline) }));
  const diagnosed = (all: Analyses['diagnosed']) =>
    all.filter((one) => one.setting === setting).map((one) => ({ ...one, sets: own(one.sets) }));
  const { analyses } = results;
  return {
    ...results,
    arms: own(results.arms),
    comparisons: ownPairs(results.comparisons),
    runs: results.runs.filter(({ labels }) => settingOf(labels) === setting),
    analyses: {
      ...analyses,
      dataShares: ownPairs(analyses.dataShares),
      diagnosed: diagnosed(analyses.diagnosed),
      diagnosedRewards: diagnosed(analyses.diagnosedRewards),
      cumulative: own(analyses.cumulative),
      strata: own(analyses.strata),
      health: own(analyses.health),
      overlaps: own(analyses.overlaps).map((one) => ({ ...one, other: rename(one.other) })),
    },
  };
}
