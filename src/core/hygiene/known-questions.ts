import type { HygieneConfig } from '../config/schema';
import { textDigest } from '../random';
import type { Task } from '../tasks/task';
import { NearIndex } from './near-index';
import { PoolMatches, wordingOf } from './pool-matches';

/** Where a known question comes from. Test questions are never trained on. */
export type Origin = 'test' | 'pool' | 'row';

export interface KnownQuestion {
  readonly origin: Origin;
  readonly id: string;
  readonly question: string;
}

export interface Match {
  readonly origin: Origin;
  readonly id: string;
  /** 1: the same question. */
  readonly similarity: number;
}

interface Question {
  readonly id: string;
  readonly question: string;
}

/**
 * The questions that a new question of a run must not repeat.
 * @param known of the test sets and the rows so far, which are kept in memory; the pool is streamed, in its order
 */
export async function knownQuestions(
  task: Pick<Task, 'canonical' | 'novelty' | 'newPart'>,
  config: Pick<HygieneConfig, 'near'>,
  known: {
    readonly test: readonly Question[];
    readonly row: readonly Question[];
    readonly pool: AsyncIterable<Question> | Iterable<Question>;
    readonly newQuestions: readonly string[];
  },
): Promise<KnownQuestions> {
  if (task.novelty === 'closed-set') {
    return new KnownQuestions(task, config, []);
  }
  const matches = new PoolMatches(task, config, known.newQuestions);
  for await (const seed of known.pool) {
    matches.see(seed);
  }
  const held = (['test', 'row'] as const).flatMap((origin) =>
    known[origin].map(({ id, question }) => ({ origin, id, question })),
  );
  return new KnownQuestions(task, config, held, matches);
}

/** Test questions are searched apart: a leak must not hide behind a nearer seed. */
type Searched = 'test' | 'other';

const searchedAs = (origin: Origin): Searched => (origin === 'test' ? 'test' : 'other');

type Name = Pick<KnownQuestion, 'origin' | 'id'>;

/**
 * The questions that a new one must not repeat: those of the test sets and the rows so far, which are held in memory, and
 * those of the pool, which are held too or were streamed before. Of a held question neither the text nor its form is kept,
 * only a digest of the form and the numbers of the words: some 800 bytes for 45 words.
 */
export class KnownQuestions {
  /** Digest of a form -> the first question that has it, or a test question. */
  private readonly exact = new Map<string, Name>();
  private readonly near: Readonly<Record<Searched, NearIndex>> | null;
  /** Questions that were added. */
  size = 0;
  /** By their numbers in `near`. */
  private readonly names: Readonly<Record<Searched, Name[]>> = { test: [], other: [] };

  constructor(
    private readonly task: Pick<Task, 'canonical' | 'novelty' | 'newPart'>,
    config: Pick<HygieneConfig, 'near'>,
    known: Iterable<KnownQuestion>,
    private readonly pool: PoolMatches | null = null,
  ) {
    this.near =
      task.novelty === 'near' ? { test: new NearIndex(config.near), other: new NearIndex(config.near) } : null;
    for (const question of known) {
      this.add(question);
    }
  }

  add({ origin, id, question }: KnownQuestion): void {
    if (this.task.novelty === 'closed-set') {
      return;
    }
    this.size += 1;
    const name = { origin, id };
    if (this.near !== null) {
      const searched = searchedAs(origin);
      this.near[searched].add(wordingOf(this.task, question));
      this.names[searched].push(name);
    }
    const form = textDigest(this.task.canonical(question));
    // A test question stays one, even if it is also in the pool.
    if (!this.exact.has(form) || origin === 'test') {
      this.exact.set(form, name);
    }
  }

  /** What the next `find` would do first for the questions added since the last one, a question a step. */
  *prepare(): Generator<void> {
    yield* this.near?.test.prepare() ?? [];
    yield* this.near?.other.prepare() ?? [];
  }

  /** The test question that it repeats or is near to; else the seed or row; else `null`. */
  find(question: string): Match | null {
    if (this.task.novelty === 'closed-set') {
      return null;
    }
    const held = this.exact.get(textDigest(this.task.canonical(question)));
    if (held?.origin === 'test') {
      return { ...held, similarity: 1 };
    }
    const leak = this.nearest('test', question);
    if (leak !== null) {
      return leak;
    }
    const seed = this.pool?.same(question);
    const same = seed === undefined ? held : { origin: 'pool' as const, id: seed };
    return same === undefined ? this.nearestOther(question) : { ...same, similarity: 1 };
  }

  /** Of a seed and a row that are equally near, the seed, which was there first. */
  private nearestOther(question: string): Match | null {
    const row = this.nearest('other', question);
    const seed = this.pool?.nearest(question);
    return seed === undefined || (row !== null && row.similarity > seed.similarity) ? row : { origin: 'pool', ...seed };
  }

  private nearest(searched: Searched, question: string): Match | null {
    const found = this.near?.[searched].nearest(wordingOf(this.task, question)) ?? null;
    return found === null ? null : { ...(this.names[searched][found.number] as Name), similarity: found.similarity };
  }
}
