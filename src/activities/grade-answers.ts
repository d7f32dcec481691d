import { Context } from '@temporalio/activity';
import type { ArtifactRef } from '../core/artifact-ref';
import type { AnswerGrade, EvaluatedAnswer, Grade, Seed } from '../core/records';
import { taskOf } from '../core/tasks/registry';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { gradeByProgram } from '../student/check-program';
import type { Dependencies } from './dependencies';
import { progressReporter } from './progress';
import type { RunContext } from './run-context';
import { readTests } from './test-questions';

export interface GradeAnswersInput extends RunContext {
  /** The evaluation's answers, not graded yet. */
  readonly answers: ArtifactRef;
  /** The chunk: answers from `from` up to `to`. */
  readonly from: number;
  readonly to: number;
}

export interface AnswerGrades {
  readonly grades: ArtifactRef;
  /** Answers that a cap left ungraded. */
  readonly overBudget: number;
}

/** What the task's judge, or the user's program, makes of a chunk of the answers of an evaluation. */
export function createGradeAnswers(dependencies: Dependencies) {
  const { store } = dependencies;

  return async function gradeAnswers(input: GradeAnswersInput): Promise<AnswerGrades> {
    const { grader } = taskOf(input.config.task);
    if (grader == null) {
      throw new RangeError(`the task ${input.config.task.kind} grades its answers itself`);
    }
    const asked = await answersToGrade(store, input);
    const grades =
      grader.kind === 'judge'
        ? await buy(input, grader, asked)
        : await gradeByProgram(
            grader.program,
            asked.map(({ seed, answer }) => ({ question: seed.question, reference: seed.answer, answer })),
            Context.current().cancellationSignal,
          );
    const overBudget = grades.filter(({ state }) => state === 'overBudget').length;
    return { grades: await store.putRecords('grades', grades), overBudget };
  };

  async function buy(
    { run, experiment, config }: GradeAnswersInput,
    grader: NonNullable<Parameters<Judge['buyGrades']>[0]['grader']>,
    answers: Parameters<Judge['buyGrades']>[0]['answers'],
  ): Promise<AnswerGrade[]> {
    const judge = await dependencies.judgeOf(config);
    const report = progressReporter();
    const grades = await judge.buyGrades({
      account: { run, experiment },
      ...{ kind: 'verdict', grader, answers, runSeed: config.seed },
      signal: Context.current().cancellationSignal,
      onProgress: ({ done, total, waiting }) =>
        report({ done, total, unit: 'grade', ...(waiting === null ? {} : { note: waiting }) }),
    });
    return grades.map(answerGrade);
  }
}

/** The questions of a chunk, each with the student's answer. */
export async function answersToGrade(
  store: ArtifactStore,
  { prepared, answers, from, to }: Pick<GradeAnswersInput, 'prepared' | 'answers' | 'from' | 'to'>,
): Promise<{ seed: Seed; answer: string }[]> {
  const questions = (await readTests(store, { prepared })).slice(from, to);
  const texts = (await store.readRecords<EvaluatedAnswer>(answers)).slice(from, to);
  return questions.map((seed, index) => ({ seed, answer: texts[index]?.text ?? '' }));
}

type Judge = Awaited<ReturnType<Dependencies['judgeOf']>>;

/** A judge's grade, as an evaluation keeps it: with its words. */
export function answerGrade({ state, student, requests, words }: Grade): AnswerGrade {
  switch (state) {
    case 'graded':
      return { state, mark: student, requests, ...(words === undefined ? {} : { words }) };
    case 'ungraded':
      return { state, mark: null, requests, reason: 'no reply of the judge has a grade that can be read' };
    case 'overBudget':
      return { state, mark: null, requests, reason: 'a cap of the budget left no room for its grade' };
    case 'incomparable':
      return { state: 'unasked', mark: null };
  }
}
