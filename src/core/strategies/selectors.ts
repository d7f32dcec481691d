import type { StrategyConfig } from '../config/schema';
import { randomStream, stableHash } from '../random';
import type { ScoredSeed } from './scorers';

/** A seed in its place, with the reason for it. */
export interface RankedSeed extends ScoredSeed {
  readonly reason: string;
}

/**
 * All seeds in the order in which they are taken, each once. Ties are broken by a hash of the seed's id in the stream
 * of this run and iteration, never by the pool's order: grades tie massively, and pools are often sorted. Seeds
 * without a score come last.
 */
export function rankSeeds(
  strategy: Pick<StrategyConfig, 'keep' | 'select'>,
  scored: readonly ScoredSeed[],
  stream: { readonly runSeed: number; readonly iteration: number },
): RankedSeed[] {
  const tieBreaks = new Map(
    scored.map(({ id }) => [id, stableHash('select', stream.runSeed, stream.iteration, id)] as const),
  );
  const shuffled = [...scored].sort((left, right) => compare(tieBreaks, left.id, right.id));
  switch (strategy.select) {
    case 'uniform':
      return shuffled.map((seed) => ({ ...seed, reason: 'drawn' }));
    case 'top':
      return top(shuffled, strategy.keep);
    case 'sample':
      return sample(shuffled, stream);
    case 'balanced':
      return balanced(shuffled, strategy.keep);
  }
}

/** The given end first. Sorting is stable, so ties stay as they were shuffled. */
function top(shuffled: readonly ScoredSeed[], keep: StrategyConfig['keep']): RankedSeed[] {
  const sign = keep === 'high' ? -1 : 1;
  return withUnscoredLast(shuffled, (measured) =>
    measured.sort((left, right) => sign * (left.score - right.score)).map((seed) => ({ ...seed, reason: 'top' })),
  );
}

/**
 * Draws one after the other without replacement, each in proportion to its score: seeds in the order of -ln(u) / score
 * with u uniform (Efraimidis and Spirakis 2006). Seeds with the score 0 follow, in shuffled order.
 */
function sample(
  shuffled: readonly ScoredSeed[],
  stream: { readonly runSeed: number; readonly iteration: number },
): RankedSeed[] {
  return withUnscoredLast(shuffled, (measured) =>
    measured
      .map((seed) => {
        const uniform = 1 - randomStream('sample', stream.runSeed, stream.iteration, seed.id).next();
        return { seed, key: seed.score > 0 ? -Math.log(uniform) / seed.score : Number.POSITIVE_INFINITY };
      })
      .sort((left, right) => (left.key === right.key ? 0 : left.key - right.key))
      .map(({ seed }) => ({ ...seed, reason: seed.score > 0 ? 'drawn' : 'filled' })),
  );
}

/** One of the kept half, one of the other, in turn; uniform inside each half. So every prefix is balanced. */
function balanced(shuffled: readonly ScoredSeed[], keep: StrategyConfig['keep']): RankedSeed[] {
  const ranked = top(shuffled, keep);
  const unscored = ranked.filter(({ score }) => score === null);
  const measured = ranked.length - unscored.length;
  const place = new Map(ranked.map(({ id }, index) => [id, index] as const));
  const isKept = ({ id }: ScoredSeed) => (place.get(id) ?? 0) < Math.ceil(measured / 2);
  const halves = shuffled.filter(({ score }) => score !== null);
  const kept = halves.filter(isKept);
  const other = halves.filter((seed) => !isKept(seed));
  const inTurn = kept.flatMap((seed, index) => [
    { ...seed, reason: `${keep} half` },
    ...other
      .slice(index, index + 1)
      .map((opposite) => ({ ...opposite, reason: `${keep === 'high' ? 'low' : 'high'} half` })),
  ]);
  return [...inTurn, ...unscored];
}

type Measured = ScoredSeed & { readonly score: number };

function withUnscoredLast(
  shuffled: readonly ScoredSeed[],
  order: (measured: Measured[]) => RankedSeed[],
): RankedSeed[] {
  const measured = shuffled.filter((seed): seed is Measured => seed.score !== null);
  const others = shuffled.filter(({ score }) => score === null);
  return [...order(measured), ...others.map((seed) => ({ ...seed, reason: 'unmeasured' }))];
}

/** Equal hashes are all but impossible; the id decides them, so that the order is total. */
function compare(tieBreaks: ReadonlyMap<string, number>, left: string, right: string): number {
  return (tieBreaks.get(left) ?? 0) - (tieBreaks.get(right) ?? 0) || (left < right ? -1 : 1);
}
