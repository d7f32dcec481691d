import type { HygieneConfig } from '../config/schema';
import type { Seed } from '../records';
import type { Task } from '../tasks/task';
import { NearIndex, type Neighbour } from './near-index';

/**
 * Finds for each of some new questions the seed that it is the same as, and the one that it is nearest to, while the pool
 * passes by: what is held are the new questions, of which there are few, and not the pool.
 */
export class PoolMatches {
  /** Form of a new question -> the first seed that has it. */
  private readonly sameSeeds = new Map<string, string | undefined>();
  private readonly nearestSeeds = new Map<string, Neighbour>();
  private readonly index: NearIndex | null;

  constructor(
    private readonly task: Pick<Task, 'canonical' | 'novelty'>,
    config: Pick<HygieneConfig, 'near'>,
    questions: Iterable<string>,
  ) {
    const different = [...new Set(questions)];
    for (const question of different) {
      this.sameSeeds.set(task.canonical(question), undefined);
    }
    const texts = different.map((text) => ({ id: text, text }));
    this.index = task.novelty === 'near' ? new NearIndex(config.near, texts) : null;
  }

  /** In the pool's order: of equal seeds the first is named. */
  see({ id, question }: Pick<Seed, 'id' | 'question'>): void {
    const form = this.task.canonical(question);
    if (this.sameSeeds.has(form) && this.sameSeeds.get(form) === undefined) {
      this.sameSeeds.set(form, id);
    }
    for (const { id: text, similarity } of this.index?.near(question) ?? []) {
      if (similarity > (this.nearestSeeds.get(text)?.similarity ?? 0)) {
        this.nearestSeeds.set(text, { id, similarity });
      }
    }
  }

  same(question: string): string | undefined {
    return this.sameSeeds.get(this.task.canonical(question));
  }

  /** At or above the threshold. */
  nearest(question: string): Neighbour | undefined {
    return this.nearestSeeds.get(question);
  }
}
