import type { StrategyConfig } from '../config/schema';
import { randomStream, type StreamName } from '../random';
import type { Draw } from '../records';
import { balancedSelector } from './balanced';
import { sampleSelector } from './sample';
import { type Candidate, hasScore, type Measured, type Selector, shuffled, Unmeasured, withReason } from './selector';
import { Smallest } from './smallest';
import { stratifiedSelector } from './stratified';

/** Where the random numbers of a selection come from. */
interface Stream {
  readonly runSeed: number;
  readonly iteration: number;
}

/** The stream that breaks ties; a seed's number is `stableHash(...stream, id)`. */
export const tieBreakStream = ({ runSeed, iteration }: Stream): StreamName => ['select', runSeed, iteration];

/** @param places how many are wanted; fewer where the pool has fewer */
export function selectorOf(strategy: StrategyConfig, places: number, stream: Stream): Selector {
  switch (strategy.select) {
    case 'uniform':
      return uniformSelector(places);
    case 'stratified':
      return stratifiedSelector(places);
    case 'top':
      return topSelector(places, strategy.keep);
    case 'sample':
      return sampleSelector(places, strategy, (id) => 1 - randomStream('sample', ...placeOf(stream), id).next());
    case 'balanced':
      return balancedSelector(places, strategy);
    case 'kmeans++':
      return drawnSelector(places);
  }
}

const placeOf = ({ runSeed, iteration }: Stream) => [runSeed, iteration] as const;

function uniformSelector(places: number): Selector {
  const seeds = new Smallest(places, shuffled);
  return { passes: 1, see: (seed) => seeds.add(seed), ranked: () => withReason(seeds.sorted(), 'drawn') };
}

/** The given end first. */
function topSelector(places: number, keep: StrategyConfig['keep']): Selector {
  const sign = keep === 'high' ? -1 : 1;
  const best = new Smallest<Measured>(
    places,
    (left, right) => sign * (left.score - right.score) || shuffled(left, right),
  );
  const unmeasured = new Unmeasured(places);
  return {
    passes: 1,
    see: (seed) => (hasScore(seed) ? best.add(seed) : unmeasured.add(seed)),
    ranked: () => unmeasured.after(withReason(best.sorted(), 'top')),
  };
}

/** As k-means++ drew them, in the engine. Seeds without a gradient follow; the others were not reached. */
function drawnSelector(places: number): Selector {
  const drawn: (Candidate & { readonly draw: Draw })[] = [];
  const unmeasured = new Unmeasured(places);
  return {
    passes: 1,
    see: (seed) => {
      if (seed.draw !== undefined) {
        drawn.push({ ...seed, draw: seed.draw });
      }
      if (!hasScore(seed)) {
        unmeasured.add(seed);
      }
    },
    ranked: () => {
      const inOrder = drawn.toSorted((left, right) => left.draw.rank - right.draw.rank);
      return unmeasured.after(
        inOrder.map((seed) => ({
          ...seed,
          reason: seed.draw.rank === 0 ? 'largest gradient' : 'far from those before',
        })),
      );
    },
  };
}
