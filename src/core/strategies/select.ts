import type { StrategyConfig } from '../config/schema';
import { TutelageError } from '../errors';
import { stableHash } from '../random';
import type { Seed, SelectedSeed } from '../records';
import type { Task } from '../tasks/task';
import { type SeedMeasurements, scorerOf } from './scorers';
import type { Selector } from './selector';
import { selectorOf, tieBreakStream } from './selectors';

/** Seeds selected per row wanted: the second half are replacements, used in rank order for rows that were rejected. */
export const SEEDS_PER_ROW = 2;

export interface SelectionOptions {
  readonly strategy: StrategyConfig;
  /** Its check is used by scorers that depend on right and wrong. */
  readonly task: Pick<Task, 'check'>;
  /** How many seeds to select, replacements included. */
  readonly count: number;
  /** Ranks to skip: where the pool is ranked once, those that earlier iterations used. */
  readonly skip?: number;
  readonly runSeed: number;
  readonly iteration: number;
}

/**
 * The seeds to show the teacher, in rank order, selected while the pool is streamed `passes` times. A smaller `count` gives
 * a prefix of what a larger one gives, so replacements for rejected rows are simply the next seeds. No seed is selected
 * twice unless `count` exceeds the pool: then the ranking starts again, so that every seed is selected floor(count / n)
 * times and the best ones once more.
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

  see(seed: Seed, measured: SeedMeasurements, pass: number): void {
    const scored = this.scoreOf(seed, measured);
    if (pass === 0) {
      this.size += 1;
      this.unmeasured += Number(scored.state === 'unmeasured');
    }
    const tieBreak = stableHash(...this.stream, seed.id);
    this.selector.see({ ...seed, ...scored, tieBreak, draw: measured.draw }, pass);
  }

  /**
   * The selected seeds.
   *
   * Seeds with the same question (skewed pools have them) count as one that is asked again: their requests differ only in
   * that count, and each must get an answer of its own.
   *
   * @param askedEarlier question -> how often the run asked about it in earlier iterations; absent: never
   */
  picks(askedEarlier: ReadonlyMap<string, number>): { readonly pick: SelectedSeed; readonly seed: Seed }[] {
    const { count, skip = 0 } = this.options;
    const ranked = this.selector.ranked();
    this.refuseEmpty();
    const asked = new Map(askedEarlier);
    return Array.from({ length: count }, (_, rank) => {
      const position = skip + rank;
      const seed = ranked[position % ranked.length] as (typeof ranked)[number];
      const askedBefore = asked.get(seed.question) ?? 0;
      asked.set(seed.question, askedBefore + 1);
      const round = Math.floor(position / ranked.length);
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
      // A selection without a single score would be a random one under another name.
      throw new TutelageError(
        'damaged',
        `strategy ${this.options.strategy.name} found no score for any of the ${this.size} seeds of the pool`,
        "look at one of its answers, rewards or grades: the student's answers may be empty, or the judge's unreadable",
      );
    }
  }
}
