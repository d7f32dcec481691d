import { TutelageError } from '../errors';
import type { Pick } from '../records';
import { type ScoreInput, scoreSeeds } from './scorers';
import { rankSeeds } from './selectors';

export interface SelectInput extends ScoreInput {
  /** How many picks are wanted, replacements included. */
  readonly count: number;
  /** Places of the ranking that are passed over: where the pool is ranked once, those of earlier iterations. */
  readonly skip?: number;
  readonly runSeed: number;
  readonly iteration: number;
  /** Question -> how often the run asked about it in earlier iterations; absent is never. */
  readonly asked: ReadonlyMap<string, number>;
}

/**
 * The seeds to show the teacher, in rank order. A smaller `count` gives the beginning of a larger one's picks, so
 * replacements for rejected rows are the picks that follow. No seed comes twice, unless more are wanted than the pool
 * holds: then the ranking begins again, so that every seed comes floor(count / n) times and the best ones once more.
 *
 * Seeds with the same question (skewed pools have them) count as one that is asked again: their requests are the same
 * but for the count, and every pick shall get an answer of its own.
 */
export function selectSeeds(input: SelectInput): Pick[] {
  const { count, seeds, skip = 0 } = input;
  const scored = scoreSeeds(input);
  const ranked = rankSeeds(input, scored, input);
  if (ranked.length === 0) {
    throw new RangeError('the pool is empty: there is no seed to select');
  }
  if (scored.every(({ state }) => state === 'unmeasured')) {
    // A selection without one score would be a random one under another name.
    throw new TutelageError(
      'damaged',
      `strategy ${input.strategy.name} found no score for any of the ${seeds.length} seeds of the pool`,
      "look at one of its answers, rewards or grades: the student's answers may be empty, or the judge's unreadable",
    );
  }
  const questions = new Map(seeds.map(({ id, question }) => [id, question]));
  const asked = new Map(input.asked);
  return Array.from({ length: count }, (_, rank) => {
    const place = skip + rank;
    const { id, score, reason, tieBreak } = ranked[place % ranked.length] as (typeof ranked)[number];
    const question = questions.get(id) as string;
    const askedBefore = asked.get(question) ?? 0;
    asked.set(question, askedBefore + 1);
    const round = Math.floor(place / ranked.length);
    return {
      rank,
      seedId: id,
      score,
      tieBreak,
      reason: round === 0 ? reason : `${reason}, round ${round + 1} of a pool of ${ranked.length}`,
      askedBefore,
    };
  });
}
