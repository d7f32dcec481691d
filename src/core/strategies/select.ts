import type { Pick } from '../records';
import { type ScoreInput, scoreSeeds } from './scorers';
import { rankSeeds } from './selectors';

export interface SelectInput extends ScoreInput {
  /** How many picks are wanted, replacements included. */
  readonly count: number;
  readonly runSeed: number;
  readonly iteration: number;
  /** How often the run has asked about a seed in earlier iterations; absent is never. */
  readonly asked: ReadonlyMap<string, number>;
}

/**
 * The seeds to show the teacher, in rank order. A smaller `count` gives the beginning of a larger one's picks, so
 * replacements for rejected rows are the picks that follow. No seed comes twice, unless more are wanted than the pool
 * holds: then the ranking begins again, so that every seed comes floor(count / n) times and the best ones once more.
 */
export function selectSeeds(input: SelectInput): Pick[] {
  const { count, asked } = input;
  const ranked = rankSeeds(input.strategy, scoreSeeds(input), input);
  if (ranked.length === 0) {
    throw new RangeError('the pool is empty: there is no seed to select');
  }
  return Array.from({ length: count }, (_, rank) => {
    const { id, score, reason } = ranked[rank % ranked.length] as (typeof ranked)[number];
    const round = Math.floor(rank / ranked.length);
    return {
      rank,
      seedId: id,
      score,
      reason: round === 0 ? reason : `${reason}, round ${round + 1} of a pool of ${ranked.length}`,
      askedBefore: (asked.get(id) ?? 0) + round,
    };
  });
}
