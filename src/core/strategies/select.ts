import type { StrategyConfig } from '../config/schema';
import { TutelageError } from '../errors';
import { stableHash } from '../random';
import type { Pick as Picked, Seed } from '../records';
import type { Task } from '../tasks/task';
import { type Measured, scorerOf } from './scorers';
import type { Selector } from './selector';
import { selectorOf, tieBreakStream } from './selectors';

export interface SelectionOptions {
  readonly strategy: StrategyConfig;
  /** Its check serves the scorers that look at right and wrong. */
  readonly task: Pick<Task, 'check'>;
  /** How many picks are wanted, replacements included. */
  readonly count: number;
  /** Places of the ranking that are passed over: where the pool is ranked once, those of earlier iterations. */
  readonly skip?: number;
  readonly runSeed: number;
  readonly iteration: number;
}

/**
 * The seeds to show the teacher, in rank order, chosen while the pool passes by: `passes` times, each time whole. A
 * smaller `count` gives the beginning of a larger one's picks, so replacements for rejected rows are the picks that
 * follow. No seed comes twice, unless more are wanted than the pool holds: then the ranking begins again, so that every
 * seed comes floor(count / n) times and the best ones once more.
 */
export class Selection {
  readonly passes: number;
  private readonly selector: Selector;
  private readonly scoreOf: ReturnType<typeof scorerOf>;
  private readonly stream: ReturnType<typeof tieBreakStream>;
  private size = 0;
  private unmeasured = 0;

  constructor(private readonly options: SelectionOptions) {
    const { strategy, task, skip = 0, count } = options;
    this.selector = selectorOf(strategy, skip + count, options);
    this.scoreOf = scorerOf(strategy, task);
    this.stream = tieBreakStream(options);
    this.passes = this.selector.passes;
  }

  see(seed: Seed, measured: Measured, pass: number): void {
    const scored = this.scoreOf(seed, measured);
    if (pass === 0) {
      this.size += 1;
      this.unmeasured += Number(scored.state === 'unmeasured');
    }
    const tieBreak = stableHash(...this.stream, seed.id);
    this.selector.see({ ...seed, ...scored, tieBreak, draw: measured.draw }, pass);
  }

  /**
   * The picks, each with its seed.
   *
   * Seeds with the same question (skewed pools have them) count as one that is asked again: their requests are the same
   * but for the count, and every pick shall get an answer of its own.
   *
   * @param askedEarlier question -> how often the run asked about it in earlier iterations; absent is never
   */
  picks(askedEarlier: ReadonlyMap<string, number>): { readonly pick: Picked; readonly seed: Seed }[] {
    const { count, skip = 0 } = this.options;
    const ranked = this.selector.ranked();
    this.refuseEmpty();
    const asked = new Map(askedEarlier);
    return Array.from({ length: count }, (_, rank) => {
      const place = skip + rank;
      const seed = ranked[place % ranked.length] as (typeof ranked)[number];
      const askedBefore = asked.get(seed.question) ?? 0;
      asked.set(seed.question, askedBefore + 1);
      const round = Math.floor(place / ranked.length);
      const { id, question, answer, stratum, score, tieBreak } = seed;
      const reason = round === 0 ? seed.reason : `${seed.reason}, round ${round + 1} of a pool of ${ranked.length}`;
      return {
        pick: { rank, seedId: id, score, tieBreak, reason, askedBefore },
        seed: { id, question, answer, stratum },
      };
    });
  }

  private refuseEmpty(): void {
    if (this.size === 0) {
      throw new RangeError('the pool is empty: there is no seed to select');
    }
    if (this.unmeasured === this.size) {
      // A selection without one score would be a random one under another name.
      throw new TutelageError(
        'damaged',
        `strategy ${this.options.strategy.name} found no score for any of the ${this.size} seeds of the pool`,
        "look at one of its answers, rewards or grades: the student's answers may be empty, or the judge's unreadable",
      );
    }
  }
}
