import type { StrategyConfig } from '../../src/core/config/schema';
import type { AnswerLoss, Draw, Grade, Prediction, Reward, Seed, SelectedSeed } from '../../src/core/records';
import { type ScoredSeed, type SeedMeasurements, scorerOf } from '../../src/core/strategies/scorers';
import { Selection, type SelectionOptions } from '../../src/core/strategies/select';
import type { Task } from '../../src/core/tasks/task';

/** What was measured of a pool that fits in memory; in any order, and of any of its seeds. */
export interface Measurements {
  readonly predictions: readonly Prediction[];
  readonly losses: readonly AnswerLoss[];
  readonly rewards: readonly Reward[];
  readonly grades: readonly Grade[];
  readonly draws: readonly Draw[];
}

export interface SelectInput extends SelectionOptions {
  readonly seeds: readonly Seed[];
  readonly measurements: Partial<Measurements>;
  readonly asked: ReadonlyMap<string, number>;
}

/** A selection from a pool that fits in memory. */
export function selectSeeds(input: SelectInput): SelectedSeed[] {
  const selection = new Selection(input);
  const measuredOf = byId(input.seeds, input.measurements);
  for (let pass = 0; pass < selection.passes; pass += 1) {
    for (const seed of input.seeds) {
      selection.see(seed, measuredOf(seed.id), pass);
    }
  }
  return selection.picks(input.asked).map(({ pick }) => pick);
}

export function scoreSeeds(
  strategy: StrategyConfig,
  task: Task,
  { seeds, measurements }: Omit<SelectInput, 'asked' | keyof SelectionOptions>,
): ScoredSeed[] {
  const scoreOf = scorerOf(strategy, task);
  const measuredOf = byId(seeds, measurements);
  return seeds.map((seed) => ({ id: seed.id, ...scoreOf(seed, measuredOf(seed.id)) }));
}

function byId(seeds: readonly Seed[], some: Partial<Measurements>): (id: string) => SeedMeasurements {
  const index = <T extends { readonly id: string }>(table: readonly T[] = []) =>
    new Map(table.map((entry) => [entry.id, entry]));
  const predictions = index(some.predictions);
  const losses = index(some.losses);
  const rewards = index(some.rewards);
  const grades = index(some.grades);
  const draws = new Map((some.draws ?? []).map((draw) => [seeds[draw.index]?.id, draw]));
  return (id) => ({
    prediction: predictions.get(id),
    loss: losses.get(id),
    reward: rewards.get(id),
    grade: grades.get(id),
    draw: draws.get(id),
  });
}
