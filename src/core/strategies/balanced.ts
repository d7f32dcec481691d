import type { StrategyConfig } from '../config/schema';
import { NumberColumn } from './number-column';
import {
  type Candidate,
  hasScore,
  type RankedSeed,
  type ScoredCandidate,
  type Selector,
  shuffled,
  Unmeasured,
} from './selector';
import { Smallest } from './smallest';

/** Lion's line between hard and easy: the reference's mark is better by at least this. */
const LION_HARD_FROM = 1;

/** Distinguishes the kept side from the other; `edge` where only the ids of equal seeds decide. */
type Sides = (seed: ScoredCandidate) => 'kept' | 'other' | 'edge';

/**
 * Alternates between seeds of the kept side and of the other, uniform within each side. So every prefix is balanced until
 * one side is used up; the rest comes from the other. The sides are halves, for Lion those of its own line.
 */
export function balancedSelector(count: number, { score, keep }: StrategyConfig): Selector {
  const isLion = score === 'lion';
  const names = isLion ? { high: 'hard side', low: 'easy side' } : { high: 'high half', low: 'low half' };
  const kept = new Side(count, names[keep]);
  const other = new Side(count, names[keep === 'high' ? 'low' : 'high']);
  const edge: ScoredCandidate[] = [];
  const unmeasured = new Unmeasured(count);
  const half = new Half(keep);
  const passes = isLion ? 1 : 2;
  let sideOf: Sides | null = isLion
    ? (seed) => (seed.score >= LION_HARD_FROM === (keep === 'high') ? 'kept' : 'other')
    : null;
  return {
    passes,
    see: (seed, pass) => {
      if (pass < passes - 1) {
        half.see(seed);
      } else if (!hasScore(seed)) {
        unmeasured.add(seed);
      } else {
        sideOf ??= half.sides();
        const side = sideOf(seed);
        if (side === 'edge') {
          edge.push(seed);
        } else {
          (side === 'kept' ? kept : other).add(seed);
        }
      }
    },
    ranked: () => {
      const room = half.edgeKept;
      for (const [index, seed] of edge.splice(0).toSorted(shuffled).entries()) {
        (index < room ? kept : other).add(seed);
      }
      return unmeasured.after(inTurn(kept, other, count));
    },
  };
}

/** The better half of the pool, including the middle of an odd number; of equal seeds those that come first in shuffled order. */
class Half {
  /** How many of the edge are in the half: the edge is one seed, unless two hashes are equal. */
  edgeKept = 0;
  private readonly scores = new NumberColumn();
  private readonly tieBreaks = new NumberColumn();

  constructor(private readonly keep: StrategyConfig['keep']) {}

  see(seed: Candidate): void {
    if (hasScore(seed)) {
      this.scores.add(seed.score);
      this.tieBreaks.add(seed.tieBreak);
    }
  }

  sides(): Sides {
    const scores = this.scores.values();
    const size = Math.ceil(scores.length / 2);
    const ascending = scores.slice().sort();
    const line = ascending[this.keep === 'high' ? scores.length - size : size - 1] as number;
    const isBetter = (score: number) => (this.keep === 'high' ? score > line : score < line);
    const ofTies = size - scores.reduce((sum, score) => sum + Number(isBetter(score)), 0);
    const ties = this.tieBreaks
      .values()
      .filter((_, index) => scores[index] === line)
      .sort();
    const last = ties[ofTies - 1] as number;
    this.edgeKept = ofTies - ties.indexOf(last);
    return ({ score, tieBreak }) => {
      if (score !== line) {
        return isBetter(score) ? 'kept' : 'other';
      }
      return tieBreak === last ? 'edge' : tieBreak < last ? 'kept' : 'other';
    };
  }
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
