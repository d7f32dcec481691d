import type { Draw, Seed } from '../records';
import type { ScoredSeed } from './scorers';
import { Smallest } from './smallest';

/** A seed of the stream, with its tie-break. */
export interface Candidate extends ScoredSeed, Seed {
  readonly tieBreak: number;
  readonly draw?: Draw | undefined;
}

export type ScoredCandidate = Candidate & { readonly score: number };

/** A seed at its rank, with the reason for it. */
export type RankedSeed = Candidate & { readonly reason: string };

/**
 * Finds the first seeds in the order of a strategy while the pool is streamed `passes` times, in any order. It keeps only as
 * many seeds as are wanted, and at most two numbers per seed of the pool.
 *
 * Ties are broken by a hash of the seed's id in the stream of this run and iteration, never by the pool's order: many grades
 * tie, and pools are often sorted. Seeds without a score come last.
 */
export interface Selector {
  readonly passes: 1 | 2;
  /** @param pass from 0 */
  see(seed: Candidate, pass: number): void;
  ranked(): RankedSeed[];
}

/** Equal hashes are all but impossible; the id decides them, so that the order is total. */
export function shuffled(left: Candidate, right: Candidate): number {
  return left.tieBreak - right.tieBreak || (left.id < right.id ? -1 : Number(left.id > right.id));
}

export const hasScore = (seed: Candidate): seed is ScoredCandidate => seed.score !== null;

export const withReason = (seeds: readonly Candidate[], reason: string): RankedSeed[] =>
  seeds.map((seed) => ({ ...seed, reason }));

/** The seeds without a score, which come after all others. */
export class Unmeasured {
  private readonly seeds: Smallest<Candidate>;

  constructor(private readonly count: number) {
    this.seeds = new Smallest(count, shuffled);
  }

  add(seed: Candidate): void {
    this.seeds.add(seed);
  }

  after(ranked: readonly RankedSeed[]): RankedSeed[] {
    return [...ranked, ...withReason(this.seeds.sorted(), 'unmeasured')].slice(0, this.count);
  }
}
