import type { StrategyConfig } from '../config/schema';
import { hasScore, type RankedSeed, type ScoredCandidate, type Selector, shuffled, Unmeasured } from './selector';
import { Smallest } from './smallest';

/** Lion's line between hard and easy: the reference's mark is better by at least this. */
const LION_HARD_FROM = 1;

/**
 * Lion's selection (Jiang et al., arXiv 2305.12870): alternates between hard and easy seeds, uniform within each side. So
 * every prefix is balanced until one side is used up; the rest comes from the other.
 *
 * Other scores have no such line. Halves at their median would be drawn from evenly, which is random selection under
 * another name, so `strategyProblems` refuses them.
 */
export function balancedSelector(count: number, { keep }: Pick<StrategyConfig, 'keep'>): Selector {
  const names = { high: 'hard side', low: 'easy side' };
  const kept = new Side(count, names[keep]);
  const other = new Side(count, names[keep === 'high' ? 'low' : 'high']);
  const unmeasured = new Unmeasured(count);
  return {
    passes: 1,
    see: (seed) => {
      if (!hasScore(seed)) {
        unmeasured.add(seed);
      } else {
        const isKept = seed.score >= LION_HARD_FROM === (keep === 'high');
        (isKept ? kept : other).add(seed);
      }
    },
    ranked: () => unmeasured.after(inTurn(kept, other, count)),
  };
}

class Side {
  size = 0;
  private readonly seeds: Smallest<ScoredCandidate>;

  constructor(
    count: number,
    private readonly name: string,
  ) {
    this.seeds = new Smallest<ScoredCandidate>(count, shuffled);
  }

  add(seed: ScoredCandidate): void {
    this.size += 1;
    this.seeds.add(seed);
  }

  /** From one beyond the other side's end it fills up for that side, and says so. */
  named(others: number): RankedSeed[] {
    return this.seeds.sorted().map((seed, index) => ({
      ...seed,
      reason: index > others ? `filled from the ${this.name}` : this.name,
    }));
  }
}

function inTurn(kept: Side, other: Side, count: number): RankedSeed[] {
  const sides = [kept.named(other.size), other.named(kept.size)];
  const longest = Math.max(...sides.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => sides.flatMap((side) => side.slice(index, index + 1)))
    .flat()
    .slice(0, count);
}
