import type { HygieneConfig } from '../config/schema';
import type { Seed } from '../records';
import type { Task } from '../tasks/task';
import { NearIndex } from './near-index';

interface NearSeed {
  readonly id: string;
  readonly similarity: number;
}

/** What is compared with the wording of known questions. */
export const wordingOf = (task: Pick<Task, 'newPart'>, question: string): string =>
  task.newPart?.(question) ?? question;

/**
 * Finds, for each new question, the seed that it repeats and the seed that it is nearest to, while the pool is streamed:
 * only the new questions, which are few, are kept in memory.
 */
export class PoolMatches {
  /** Form of a new question -> the first seed that has it. */
  private readonly sameSeeds = new Map<string, string | undefined>();
  private readonly nearestSeeds = new Map<string, NearSeed>();
  /** The new questions, each once; their numbers are those in `index`. */
  private readonly different: readonly string[];
  private readonly index: NearIndex | null;

  constructor(
    private readonly task: Pick<Task, 'canonical' | 'novelty' | 'newPart'>,
    config: Pick<HygieneConfig, 'near'>,
    questions: Iterable<string>,
  ) {
    this.different = [...new Set(questions)];
    this.index = task.novelty === 'near' ? new NearIndex(config.near) : null;
    for (const question of this.different) {
      this.sameSeeds.set(task.canonical(question), undefined);
      this.index?.add(wordingOf(task, question));
    }
  }

  /** Call it in the pool's order: of equal seeds the first is named. */
  see({ id, question }: Pick<Seed, 'id' | 'question'>): void {
    const form = this.task.canonical(question);
    if (this.sameSeeds.has(form) && this.sameSeeds.get(form) === undefined) {
      this.sameSeeds.set(form, id);
    }
    for (const { number, similarity } of this.index?.near(wordingOf(this.task, question)) ?? []) {
      const text = this.different[number] as string;
      if (similarity > (this.nearestSeeds.get(text)?.similarity ?? 0)) {
        this.nearestSeeds.set(text, { id, similarity });
      }
    }
  }

  same(question: string): string | undefined {
    return this.sameSeeds.get(this.task.canonical(question));
  }

  /** At or above the threshold. */
  nearest(question: string): NearSeed | undefined {
    return this.nearestSeeds.get(question);
  }
}
