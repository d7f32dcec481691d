import type { StrategyConfig } from '../config/schema';
import { NumberColumn } from './number-column';
import { scorers } from './scorers';
import { hasScore, type RankedSeed, type ScoredCandidate, type Selector, shuffled, Unmeasured } from './selector';
import { Smallest } from './smallest';

interface Keyed {
  readonly seed: ScoredCandidate;
  readonly weight: number;
  readonly key: number;
}

/**
 * Draws without replacement, in proportion to the weights: seeds in the order of -ln(u) / weight
 * with u uniform (Efraimidis and Spirakis 2006). Seeds of weight 0 follow, in shuffled order.
 */
export function sampleSelector(count: number, strategy: StrategyConfig, uniformOf: (id: string) => number): Selector {
  const drawn = new Smallest<Keyed>(count, byKey);
  const unmeasured = new Unmeasured(count);
  const scores = new NumberColumn();
  const isShare = isSharePlainly(strategy);
  const passes = isShare ? 1 : 2;
  let weightOf = isShare ? shareWeights(strategy) : null;
  return {
    passes,
    see: (seed, pass) => {
      if (pass < passes - 1) {
        if (hasScore(seed)) {
          scores.add(seed.score);
        }
      } else if (hasScore(seed)) {
        weightOf ??= softmaxWeights(scores.values(), strategy);
        const weight = weightOf(seed.score);
        const key = weight > 0 ? -Math.log(uniformOf(seed.id)) / weight : Number.POSITIVE_INFINITY;
        drawn.add({ seed, weight, key });
      } else {
        unmeasured.add(seed);
      }
    },
    ranked: () =>
      unmeasured.after(
        drawn.sorted().map(({ seed, weight }): RankedSeed => ({ ...seed, reason: weight > 0 ? 'drawn' : 'filled' })),
      ),
  };
}

const byKey = (left: Keyed, right: Keyed) =>
  left.key === right.key ? shuffled(left.seed, right.seed) : left.key - right.key;

/** A score that is already a share is itself the weight, to the power 1 / temperature. */
const isSharePlainly = ({ score, keep }: StrategyConfig) => keep === 'high' && !scorers[score].isSigned;

const shareWeights = ({ temperature }: StrategyConfig) =>
  temperature === 1 ? (value: number) => value : (value: number) => value ** (1 / temperature);

/**
 * Other scores (signed ones, and any whose low end is kept) go through a softmax of their standard scores, with the sign
 * that gives the kept end more weight. They are summed in ascending order, because a floating-point sum depends on its
 * order and must not depend on that of the pool.
 */
function softmaxWeights(scores: Float64Array, { keep, temperature }: StrategyConfig): (value: number) => number {
  const ascending = scores.slice().sort();
  const mean = ascending.reduce((sum, score) => sum + score, 0) / ascending.length;
  const variance = ascending.reduce((sum, score) => sum + (score - mean) ** 2, 0) / ascending.length;
  const scale = (keep === 'high' ? 1 : -1) / ((Math.sqrt(variance) || 1) * temperature);
  return (value) => Math.exp((value - mean) * scale);
}
