import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { Seed } from '../core/records';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import type { Dependencies } from './dependencies';
import { answeredSeeds } from './pairs';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';

export interface GradeInput extends RunContext {
  readonly iteration: number;
  readonly predictions: ArtifactRef;
  /** The chunk: seeds of the pool from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
}

export interface GradeResult {
  readonly grades: ArtifactRef;
  /** Answers that a cap left ungraded. */
  readonly overBudget: number;
}

/** Buys a judge's grade for the student's answer to each seed of a chunk. */
export function createGrade({ store, judgeOf }: Dependencies) {
  return async function grade(input: GradeInput): Promise<GradeResult> {
    const { run, experiment, config, iteration } = input;
    const { score } = config.strategy;
    if (score !== 'judge' && score !== 'lion') {
      throw new RangeError(`score: ${score} buys no grades`);
    }
    const answers = await answersOf(store, input);
    const judge = await judgeOf(config);
    const report = progressReporter();
    const grades = await judge.buyGrades({
      account: { run, experiment, iteration },
      kind: score,
      answers,
      runSeed: config.seed,
      signal: Context.current().cancellationSignal,
      onProgress: ({ done, total, waiting }) =>
        report({ done, total, unit: 'grade', ...(waiting === null ? {} : { note: waiting }) }),
    });
    const overBudget = grades.filter(({ state }) => state === 'overBudget').length;
    return { grades: await store.putRecords('grades', grades), overBudget };
  };
}

/** The seeds of the chunk, each with the student's answer. */
export async function answersOf(
  store: ArtifactStore,
  { prepared, predictions, from, to }: Pick<GradeInput, 'prepared' | 'predictions' | 'from' | 'to'>,
): Promise<{ seed: Seed; answer: string }[]> {
  const answers: { seed: Seed; answer: string }[] = [];
  for await (const [seed, prediction] of answeredSeeds(store, prepared.pool, predictions, { from, to })) {
    answers.push({ seed, answer: prediction?.text ?? '' });
  }
  return answers;
}
