import type { StrategyConfig } from '../config/schema';
import { randomStream, type StreamName } from '../random';
import type { Draw } from '../records';
import { balancedSelector } from './balanced';
import { sampleSelector } from './sample';
import {
  type Candidate,
  hasScore,
  type ScoredCandidate,
  type Selector,
  shuffled,
  Unmeasured,
  withReason,
} from './selector';
import { Smallest } from './smallest';
import { stratifiedSelector } from './stratified';

/** Where the random numbers of a selection come from. */
interface Stream {
  readonly runSeed: number;
  readonly iteration: number;
}

/** The stream that breaks ties; a seed's number is `stableHash(...stream, id)`. */
export const tieBreakStream = ({ runSeed, iteration }: Stream): StreamName => ['select', runSeed, iteration];

/** @param count how many seeds to select; fewer if the pool is smaller */
export function selectorOf(strategy: StrategyConfig, count: number, stream: Stream): Selector {
  switch (strategy.select) {
    case 'uniform':
      return uniformSelector(count);
    case 'stratified':
      return stratifiedSelector(count);
    case 'top':
      return topSelector(count, strategy.keep);
    case 'sample':
      return sampleSelector(count, strategy, (id) => 1 - randomStream('sample', ...streamKey(stream), id).next());
    case 'balanced':
      return balancedSelector(count, strategy);
    case 'kmeans++':
      return drawnSelector(count);
  }
}

const streamKey = ({ runSeed, iteration }: Stream) => [runSeed, iteration] as const;

function uniformSelector(count: number): Selector {
  const seeds = new Smallest(count, shuffled);
  return { passes: 1, see: (seed) => seeds.add(seed), ranked: () => withReason(seeds.sorted(), 'drawn') };
}

/** The given end first. */
function topSelector(count: number, keep: StrategyConfig['keep']): Selector {
  const sign = keep === 'high' ? -1 : 1;
  const best = new Smallest<ScoredCandidate>(
    count,
    (left, right) => sign * (left.score - right.score) || shuffled(left, right),
  );
  const unmeasured = new Unmeasured(count);
  return {
    passes: 1,
    see: (seed) => (hasScore(seed) ? best.add(seed) : unmeasured.add(seed)),
    ranked: () => unmeasured.after(withReason(best.sorted(), 'top')),
  };
}

/** In the order in which the engine's k-means++ drew them, then seeds without a gradient; the rest was not reached. */
function drawnSelector(count: number): Selector {
  const drawn: (Candidate & { readonly draw: Draw })[] = [];
  const unmeasured = new Unmeasured(count);
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
