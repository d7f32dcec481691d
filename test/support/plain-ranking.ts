import type { StrategyConfig } from '../../src/core/config/schema';
import { randomStream, stableHash } from '../../src/core/random';
import type { Draw, Seed } from '../../src/core/records';
import { type ScoredSeed, scorers } from '../../src/core/strategies/scorers';
import { tieBreakStream } from '../../src/core/strategies/selectors';
import { evenlyOverStrata } from '../../src/core/strategies/stratified';

/** What the selectors must give, by sorting the whole pool in memory: nothing is bounded, and nothing is clever. */
export function plainRanking(options: {
  readonly strategy: StrategyConfig;
  readonly seeds: readonly Seed[];
  readonly scored: readonly ScoredSeed[];
  readonly draws: readonly Draw[];
  readonly runSeed: number;
  readonly iteration: number;
}): { id: string; score: number | null; tieBreak: number; reason: string }[] {
  const { strategy, seeds, draws, runSeed, iteration } = options;
  const scored = options.scored.map(({ id, score }) => ({
    id,
    score,
    tieBreak: stableHash(...tieBreakStream({ runSeed, iteration }), id),
  }));
  const shuffled = scored.toSorted((left, right) => left.tieBreak - right.tieBreak || (left.id < right.id ? -1 : 1));
  const measured = shuffled.filter(({ score }) => score !== null) as (Scored & { score: number })[];
  const unmeasured = shuffled.filter(({ score }) => score === null).map((seed) => ({ ...seed, reason: 'unmeasured' }));
  const sign = strategy.keep === 'high' ? -1 : 1;
  const byScore = measured.toSorted((left, right) => sign * (left.score - right.score));
  switch (strategy.select) {
    case 'uniform':
      return shuffled.map((seed) => ({ ...seed, reason: 'drawn' }));
    case 'stratified': {
      const strata = new Map(seeds.map(({ id, stratum }) => [id, stratum]));
      return evenlyOverStrata(shuffled, ({ id }) => strata.get(id) ?? '').map((seed) => ({ ...seed, reason: 'drawn' }));
    }
    case 'top':
      return [...byScore.map((seed) => ({ ...seed, reason: 'top' })), ...unmeasured];
    case 'sample':
      return [...inOrderOfKeys(measured, options), ...unmeasured];
    case 'balanced':
      return [...inTurn(measured, strategy), ...unmeasured];
    case 'kmeans++': {
      const drawn = draws.map(({ index, rank }) => ({
        ...(scored[index] as Scored),
        reason: rank === 0 ? 'largest gradient' : 'far from those before',
      }));
      return [...drawn, ...unmeasured];
    }
  }
}

interface Scored {
  readonly id: string;
  readonly score: number | null;
  readonly tieBreak: number;
}
type Measured = Scored & { readonly score: number };

function inOrderOfKeys(
  measured: readonly Measured[],
  { strategy, runSeed, iteration }: { strategy: StrategyConfig; runSeed: number; iteration: number },
) {
  const { keep, score, temperature } = strategy;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const mean = sum(measured.map((seed) => seed.score)) / measured.length;
  const variance = sum(measured.map((seed) => (seed.score - mean) ** 2)) / measured.length;
  const scale = (keep === 'high' ? 1 : -1) / ((Math.sqrt(variance) || 1) * temperature);
  return measured
    .map((seed) => {
      const uniform = 1 - randomStream('sample', runSeed, iteration, seed.id).next();
      const weight =
        keep === 'high' && !scorers[score].isSigned
          ? seed.score ** (1 / temperature)
          : Math.exp((seed.score - mean) * scale);
      return { seed, weight, key: weight > 0 ? -Math.log(uniform) / weight : Number.POSITIVE_INFINITY };
    })
    .sort((left, right) => (left.key === right.key ? 0 : left.key - right.key))
    .map(({ seed, weight }) => ({ ...seed, reason: weight > 0 ? 'drawn' : 'filled' }));
}

function inTurn(shuffled: readonly Measured[], { keep }: StrategyConfig) {
  const isKept = (seed: Measured) => seed.score >= 1 === (keep === 'high');
  const [high, low] = ['hard side', 'easy side'];
  const sides = [
    { seeds: shuffled.filter(isKept), name: keep === 'high' ? high : low },
    { seeds: shuffled.filter((seed) => !isKept(seed)), name: keep === 'high' ? low : high },
  ];
  return shuffled.flatMap((_, index) =>
    sides.flatMap(({ seeds, name }, side) => {
      const others = sides[1 - side]?.seeds.length ?? 0;
      const reason = index > others ? `filled from the ${name}` : (name as string);
      return seeds.slice(index, index + 1).map((seed) => ({ ...seed, reason }));
    }),
  );
}
