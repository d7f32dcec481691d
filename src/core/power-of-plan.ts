import type { RunPlan } from './config/run-plan';
import { pairedPower, resolvedEffect } from './statistics/power';

/** What the comparisons of an experiment can show, before anything is paid. */
export interface PlanPower {
  /** Random seeds that every arm has: the pairs of a comparison. */
  readonly seeds: number;
  /** True differences, in standard deviations of the paired differences over seeds, and how often they would be found. */
  readonly resolved: number | null;
  readonly chances: readonly { readonly seeds: number; readonly chance: number }[];
}

/** A difference and a standard deviation over seeds as they are usual for small students; the measured ones may differ. */
export const USUAL = { difference: 0.03, sd: 0.02 } as const;

const SEEDS_SHOWN = [5, 8];

/** @returns `null` where nothing is compared: a single run, or runs of one strategy */
export function powerOfPlan(plans: readonly Pick<RunPlan, 'config'>[]): PlanPower | null {
  const seedsOf = new Map<string, Set<number>>();
  for (const { config } of plans) {
    const seeds = seedsOf.get(config.strategy.name) ?? new Set();
    seedsOf.set(config.strategy.name, seeds.add(config.seed));
  }
  if (seedsOf.size < 2) {
    return null;
  }
  const seeds = Math.min(...[...seedsOf.values()].map(({ size }) => size));
  const shown = [...new Set([seeds, ...SEEDS_SHOWN.filter((more) => more > seeds)])].filter((some) => some > 1);
  return {
    seeds,
    resolved: seeds < 2 ? null : resolvedEffect(seeds),
    chances: shown.map((some) => ({ seeds: some, chance: pairedPower(some, USUAL.difference / USUAL.sd) })),
  };
}
