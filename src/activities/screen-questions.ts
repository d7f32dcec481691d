import type { ArtifactRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { RunConfig } from '../core/config/schema';
import { KnownQuestions, type Origin } from '../core/hygiene/known-questions';
import { type QuestionScreen, questionScreen } from '../core/hygiene/question-screen';
import type { Seed } from '../core/records';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { readTable } from '../store/artifacts/tables';
import { turnTaker } from '../store/artifacts/yield-to-event-loop';
import { type RunContext, readFinishedIterations } from './run-context';

export type ScreenInput = RunContext & { readonly finishedIterations: ArtifactRef | null };

export type ScreenOf = (input: ScreenInput) => Promise<QuestionScreen>;

/** Several runs of an experiment share a pool; each has rows of its own. */
const SETS_KEPT_MAX = 8;

/** Some 1.6 GB of questions of 45 words. Duplicates of what is beyond are found when the rows are collected, where the pool is streamed. */
const QUESTIONS_HELD_MAX = 2_000_000;

/**
 * What is known before a round is bought: the test sets, the pool, and the rows of finished iterations. Each set is read
 * and indexed once by a process, then every question is compared in memory. Duplicates among the rows of one iteration
 * are found when the rows are collected, in rank order.
 */
export function createScreenQuestions(store: ArtifactStore): ScreenOf {
  const kept = new Map<string, Promise<KnownQuestions>>();

  return async function screenOf(input: ScreenInput): Promise<QuestionScreen> {
    const { config, prepared } = input;
    if (taskOf(config.task).novelty === 'closed-set') {
      return () => null;
    }
    const tests = Object.keys(prepared.tests)
      .sort()
      .map((set) => prepared.tests[set] as ArtifactRef);
    const finished = await readFinishedIterations(store, input.finishedIterations);
    const rows = finished.map((iteration) => iteration.rows);
    return questionScreen(
      [
        await known(input, { test: tests, pool: [prepared.pool], row: [] }),
        await known(input, { test: [], pool: [], row: rows }),
      ],
      config.hygiene,
    );
  };

  async function known({ config }: ScreenInput, tables: Readonly<Record<Origin, readonly ArtifactRef[]>>) {
    const hashes = Object.values(tables).map((refs) => refs.map(({ sha256 }) => sha256));
    const key = canonicalJson([config.task, config.hygiene.near, hashes]);
    const held = kept.get(key) ?? holdQuestions(config, records(tables));
    kept.delete(key);
    kept.set(key, held);
    // What could not be read now is read again by the next attempt.
    held.catch(() => kept.delete(key));
    await held;
    await forgetOldest();
    return held;
  }

  async function forgetOldest(): Promise<void> {
    let questions = 0;
    for (const [index, [key, held]] of [...kept].reverse().entries()) {
      questions += (await held.catch(() => null))?.size ?? 0;
      if (index > 0 && (index >= SETS_KEPT_MAX || questions > QUESTIONS_HELD_MAX)) {
        kept.delete(key);
      }
    }
  }

  function records({ test, pool, row }: Readonly<Record<Origin, readonly ArtifactRef[]>>) {
    return { test: recordsOf(test), pool: recordsOf(pool), row: recordsOf(row) };
  }

  async function* recordsOf(tables: readonly ArtifactRef[]) {
    for (const table of tables) {
      yield* readTable<Pick<Seed, 'id' | 'question'>>(store, table);
    }
  }
}

type Questions = AsyncIterable<Pick<Seed, 'id' | 'question'>> | Iterable<Pick<Seed, 'id' | 'question'>>;

/** Reads questions and indexes them, up to `max` of them: first the test sets, then the pool, then the rows. */
export async function holdQuestions(
  { task, hygiene }: Pick<RunConfig, 'task' | 'hygiene'>,
  sets: Readonly<Record<Origin, Questions>>,
  max = QUESTIONS_HELD_MAX,
): Promise<KnownQuestions> {
  const known = new KnownQuestions(taskOf(task), hygiene, []);
  const turns = turnTaker();
  for (const origin of ['test', 'pool', 'row'] as const) {
    for await (const { id, question } of sets[origin]) {
      if (known.size >= max) {
        break;
      }
      known.add({ origin, id, question });
      if (turns.isDue()) {
        await turns.pass();
      }
    }
  }
  for (const _ of known.prepare()) {
    if (turns.isDue()) {
      await turns.pass();
    }
  }
  return known;
}
