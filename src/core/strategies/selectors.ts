import type { StrategyConfig } from '../config/schema';
import { randomStream, type StreamName, stableHash } from '../random';
import type { Seed } from '../records';
import { type Measurements, type ScoredSeed, scorers } from './scorers';
import { evenlyOverStrata } from './stratified';

/** A seed in its place, with the reason for it. */
export interface RankedSeed extends ScoredSeed {
  readonly tieBreak: number;
  readonly reason: string;
}

/** Where the random numbers of a selection come from. */
interface Stream {
  readonly runSeed: number;
  readonly iteration: number;
}

/** The stream that breaks ties; a seed's number is `stableHash(...stream, id)`. */
export const tieBreakStream = ({ runSeed, iteration }: Stream): StreamName => ['select', runSeed, iteration];

/**
 * All seeds in the order in which they are taken, each once. Ties are broken by a hash of the seed's id in the stream
 * of this run and iteration, never by the pool's order: grades tie massively, and pools are often sorted. Seeds
 * without a score come last.
 */
export function rankSeeds(
  {
    strategy,
    measurements,
    seeds,
  }: {
    readonly strategy: StrategyConfig;
    readonly measurements: Measurements;
    /** The pool, for the strata of its seeds. */
    readonly seeds: readonly Seed[];
  },
  scored: readonly ScoredSeed[],
  stream: Stream,
): RankedSeed[] {
  const shuffled = scored
    .map((seed) => ({ ...seed, tieBreak: stableHash(...tieBreakStream(stream), seed.id) }))
    .sort(compare);
  switch (strategy.select) {
    case 'uniform':
      return shuffled.map((seed) => ({ ...seed, reason: 'drawn' }));
    case 'stratified': {
      const strata = new Map(seeds.map(({ id, stratum }) => [id, stratum]));
      return evenlyOverStrata(shuffled, ({ id }) => strata.get(id) ?? '').map((seed) => ({ ...seed, reason: 'drawn' }));
    }
    case 'top':
      return top(shuffled, strategy.keep);
    case 'sample':
      return sample(shuffled, strategy, stream);
    case 'balanced':
      return balanced(shuffled, strategy);
    case 'kmeans++':
      return inOrderOfDraws(scored, shuffled, measurements);
  }
}

type Shuffled = ScoredSeed & { readonly tieBreak: number };

/** The given end first. Sorting is stable, so ties stay as they were shuffled. */
function top(shuffled: readonly Shuffled[], keep: StrategyConfig['keep']): RankedSeed[] {
  const sign = keep === 'high' ? -1 : 1;
  return withUnscoredLast(shuffled, (measured) =>
    measured.sort((left, right) => sign * (left.score - right.score)).map((seed) => ({ ...seed, reason: 'top' })),
  );
}

/**
 * Draws one after the other without replacement, each in proportion to its weight: seeds in the order of -ln(u) / weight
 * with u uniform (Efraimidis and Spirakis 2006). Seeds of weight 0 follow, in shuffled order.
 */
function sample(shuffled: readonly Shuffled[], strategy: StrategyConfig, stream: Stream): RankedSeed[] {
  return withUnscoredLast(shuffled, (measured) => {
    const weightOf = weights(measured, strategy);
    return measured
      .map((seed) => {
        const uniform = 1 - randomStream('sample', stream.runSeed, stream.iteration, seed.id).next();
        const weight = weightOf(seed.score);
        return { seed, weight, key: weight > 0 ? -Math.log(uniform) / weight : Number.POSITIVE_INFINITY };
      })
      .sort((left, right) => (left.key === right.key ? 0 : left.key - right.key))
      .map(({ seed, weight }) => ({ ...seed, reason: weight > 0 ? 'drawn' : 'filled' }));
  });
}

/**
 * A score that is a share already is the weight, to the power 1 / temperature. Others (signed ones, and any whose low
 * end is kept) go through a softmax of their standard scores, turned so that the kept end is heavy.
 */
function weights(measured: readonly Measured[], { score, keep, temperature }: StrategyConfig) {
  if (keep === 'high' && !scorers[score].isSigned) {
    return (value: number) => (temperature === 1 ? value : value ** (1 / temperature));
  }
  const mean = measured.reduce((sum, seed) => sum + seed.score, 0) / measured.length;
  const variance = measured.reduce((sum, seed) => sum + (seed.score - mean) ** 2, 0) / measured.length;
  const scale = (keep === 'high' ? 1 : -1) / ((Math.sqrt(variance) || 1) * temperature);
  return (value: number) => Math.exp((value - mean) * scale);
}

/** Lion's line between hard and easy: the reference's mark is better by at least this. */
const LION_HARD_FROM = 1;

/**
 * One seed of the side that is kept, one of the other, in turn; uniform inside each side. So every prefix is balanced,
 * as long as both sides last; then the longer one fills up. The sides are halves, for Lion those of its own line.
 */
function balanced(shuffled: readonly Shuffled[], { score, keep }: StrategyConfig): RankedSeed[] {
  const ranked = top(shuffled, keep);
  const unscored = ranked.filter((seed) => seed.score === null);
  const measured = ranked.length - unscored.length;
  const place = new Map(ranked.map(({ id }, index) => [id, index] as const));
  const isKept =
    score === 'lion'
      ? (seed: Shuffled) => (seed.score as number) >= LION_HARD_FROM === (keep === 'high')
      : ({ id }: Shuffled) => (place.get(id) ?? 0) < Math.ceil(measured / 2);
  const names = score === 'lion' ? { high: 'hard side', low: 'easy side' } : { high: 'high half', low: 'low half' };
  const scored = shuffled.filter((seed) => seed.score !== null);
  const kept = scored.filter(isKept);
  const other = scored.filter((seed) => !isKept(seed));
  const inTurn = Array.from({ length: Math.max(kept.length, other.length) }, (_, index) => [
    ...sided(kept, index, other.length, names[keep]),
    ...sided(other, index, kept.length, names[keep === 'high' ? 'low' : 'high']),
  ]).flat();
  return [...inTurn, ...unscored];
}

/** The seed at this place of its side. From one beyond the other side's end it fills up for that side, and says so. */
function sided(side: readonly Shuffled[], index: number, others: number, name: string): RankedSeed[] {
  return side.slice(index, index + 1).map((seed) => ({
    ...seed,
    reason: index > others ? `filled from the ${name}` : name,
  }));
}

/** As k-means++ drew them, in the engine. Seeds without a gradient follow; the others were not reached. */
function inOrderOfDraws(
  scored: readonly ScoredSeed[],
  shuffled: readonly Shuffled[],
  { draws }: Measurements,
): RankedSeed[] {
  const byId = new Map(shuffled.map((seed) => [seed.id, seed]));
  const drawn = (draws ?? []).map(({ index, rank }) => ({
    ...(byId.get(scored[index]?.id as string) as Shuffled),
    reason: rank === 0 ? 'largest gradient' : 'far from those before',
  }));
  const others = shuffled.filter(({ score }) => score === null);
  return [...drawn, ...others.map((seed) => ({ ...seed, reason: 'unmeasured' }))];
}

type Measured = Shuffled & { readonly score: number };

function withUnscoredLast(shuffled: readonly Shuffled[], order: (measured: Measured[]) => RankedSeed[]): RankedSeed[] {
  const measured = shuffled.filter((seed): seed is Measured => seed.score !== null);
  const others = shuffled.filter(({ score }) => score === null);
  return [...order(measured), ...others.map((seed) => ({ ...seed, reason: 'unmeasured' }))];
}

/** Equal hashes are all but impossible; the id decides them, so that the order is total. */
function compare(left: Shuffled, right: Shuffled): number {
  return left.tieBreak - right.tieBreak || (left.id < right.id ? -1 : 1);
}
