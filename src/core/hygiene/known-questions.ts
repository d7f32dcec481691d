import type { HygieneConfig } from '../config/schema';
import type { Task } from '../tasks/task';
import { NearIndex } from './near-index';

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

/** What a new question must not be: one of the test sets, of the pool, or of the rows so far. */
export function knownQuestions(
  task: Pick<Task, 'canonical' | 'novelty'>,
  config: Pick<HygieneConfig, 'near'>,
  known: Readonly<Record<Origin, readonly { readonly id: string; readonly question: string }[]>>,
): KnownQuestions {
  const origins: readonly Origin[] = ['test', 'pool', 'row'];
  const questions = origins.flatMap((origin) => known[origin].map(({ id, question }) => ({ origin, id, question })));
  return new KnownQuestions(task, config, questions);
}

/** The questions of the test sets, the pool and the rows so far, asked whether a new one is among them. */
export class KnownQuestions {
  private readonly exact = new Map<string, KnownQuestion>();
  /** Test questions have an index of their own: a leak must not hide behind a nearer seed. */
  private readonly near: Readonly<Record<'test' | 'other', NearIndex>> | null;
  private readonly origins = new Map<string, Origin>();

  constructor(
    private readonly task: Pick<Task, 'canonical' | 'novelty'>,
    config: Pick<HygieneConfig, 'near'>,
    known: readonly KnownQuestion[],
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
    const same = this.exact.get(this.task.canonical(question));
    if (same?.origin === 'test') {
      return { origin: 'test', id: same.id, similarity: 1 };
    }
    const leak = this.nearest('test', question);
    if (leak !== null || same === undefined) {
      return leak ?? this.nearest('other', question);
    }
    return { origin: same.origin, id: same.id, similarity: 1 };
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
