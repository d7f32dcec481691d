import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { Seed } from '../core/records';
import type { Dependencies } from './dependencies';
import { predictionsById } from './pairs';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';

export interface GradeInput extends RunContext {
  readonly predictions: ArtifactRef;
  /** The micro-batch: seeds of the pool from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
}

export interface GradeResult {
  readonly grades: ArtifactRef;
  /** Answers that a cap left ungraded. */
  readonly refused: number;
}

/** Buys a judge's grade for the student's answer to each seed of a micro-batch. */
export function createGrade({ store, judgeOf }: Dependencies) {
  return async function grade(input: GradeInput): Promise<GradeResult> {
    const { run, experiment, config, prepared } = input;
    const { score } = config.strategy;
    if (score !== 'judge' && score !== 'lion') {
      throw new RangeError(`score: ${score} buys no grades`);
    }
    const answers = await predictionsById(store, input.predictions);
    const seeds = (await store.readRecords<Seed>(prepared.pool)).slice(input.from, input.to);
    const judge = await judgeOf(config);
    const report = progressReporter();
    const grades = await judge.buyGrades({
      account: { run, experiment },
      kind: score,
      answers: seeds.map((seed) => ({ seed, answer: answers.get(seed.id)?.text ?? '' })),
      runSeed: config.seed,
      signal: Context.current().cancellationSignal,
      onProgress: ({ done, total, waiting }) =>
        report({ done, total, unit: 'grade', ...(waiting === null ? {} : { note: waiting }) }),
    });
    const refused = grades.filter(({ state }) => state === 'refused').length;
    return { grades: await store.putRecords('grades', grades), refused };
  };
}
