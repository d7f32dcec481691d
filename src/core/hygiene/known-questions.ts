import type { HygieneConfig } from '../config/schema';
import type { Task } from '../tasks/task';
import { NearIndex } from './near-index';
import { PoolMatches } from './pool-matches';

/** Where a question is known from. What is in a test set is never trained on. */
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
 * What the new questions of a run must not be.
 * @param known of the test sets and of the rows so far, which are held; the pool passes by, in its order
 */
export async function knownQuestions(
  task: Pick<Task, 'canonical' | 'novelty'>,
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

/**
 * What a new question must not be: the questions of the test sets and the rows so far, which are held, and those of the
 * pool, which passed by before.
 */
export class KnownQuestions {
  private readonly exact = new Map<string, KnownQuestion>();
  /** Test questions have an index of their own: a leak must not hide behind a nearer seed. */
  private readonly near: Readonly<Record<'test' | 'other', NearIndex>> | null;
  private readonly origins = new Map<string, Origin>();

  constructor(
    private readonly task: Pick<Task, 'canonical' | 'novelty'>,
    config: Pick<HygieneConfig, 'near'>,
    known: readonly KnownQuestion[],
    private readonly pool: PoolMatches | null = null,
  ) {
    const texts = (isTest: boolean) =>
      known
        .filter(({ origin }) => (origin === 'test') === isTest)
        .map(({ origin, id, question }) => ({ id: `${origin} ${id}`, text: question }));
    this.near =
      task.novelty === 'near'
        ? { test: new NearIndex(config.near, texts(true)), other: new NearIndex(config.near, texts(false)) }
        : null;
    for (const question of known) {
      this.remember(question);
    }
  }

  add(question: KnownQuestion): void {
    this.near?.[question.origin === 'test' ? 'test' : 'other'].add(
      `${question.origin} ${question.id}`,
      question.question,
    );
    this.remember(question);
  }

  /** The test question that this is, or is near to; else the pool's or the row's; else `null`. */
  find(question: string): Match | null {
    if (this.task.novelty === 'closed-set') {
      return null;
    }
    const held = this.exact.get(this.task.canonical(question));
    if (held?.origin === 'test') {
      return { origin: 'test', id: held.id, similarity: 1 };
    }
    const leak = this.nearest('test', question);
    if (leak !== null) {
      return leak;
    }
    const seed = this.pool?.same(question);
    const same = seed === undefined ? held : { origin: 'pool' as const, id: seed };
    return same === undefined ? this.nearestOther(question) : { origin: same.origin, id: same.id, similarity: 1 };
  }

  /** Of a seed and a row that are equally near the seed, which was there before. */
  private nearestOther(question: string): Match | null {
    const row = this.nearest('other', question);
    const seed = this.pool?.nearest(question);
    return seed === undefined || (row !== null && row.similarity > seed.similarity) ? row : { origin: 'pool', ...seed };
  }

  private nearest(set: 'test' | 'other', question: string): Match | null {
    const found = this.near?.[set].nearest(question) ?? null;
    return found === null
      ? null
      : {
          origin: this.origins.get(found.id) as Origin,
          id: found.id.slice(found.id.indexOf(' ') + 1),
          similarity: found.similarity,
        };
  }

  private remember(question: KnownQuestion): void {
    if (this.task.novelty === 'closed-set') {
      return;
    }
    this.origins.set(`${question.origin} ${question.id}`, question.origin);
    const form = this.task.canonical(question.question);
    // What is a test question stays one, wherever else it stands.
    if (!this.exact.has(form) || question.origin === 'test') {
      this.exact.set(form, question);
    }
  }
}
