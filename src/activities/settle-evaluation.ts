import type { ArtifactRef } from '../core/artifact-ref';
import type { AnswerGrade, EvaluatedAnswer } from '../core/records';
import type { EvaluationSummary } from '../core/run-record';
import { gradedVerdict } from '../core/tasks/graded-verdict';
import { taskOf } from '../core/tasks/registry';
import { putTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';
import { summarise } from './summarise';

export interface SettleEvaluationInput extends RunContext {
  readonly evaluation: EvaluationSummary;
  /** Tables of grades, which together have one for each answer, in order. */
  readonly grades: readonly ArtifactRef[];
}

/** The evaluation with the verdicts that follow from the grades of its answers. */
export function createSettleEvaluation({ store }: Pick<Dependencies, 'store'>) {
  return async function settleEvaluation(input: SettleEvaluationInput): Promise<EvaluationSummary> {
    const task = taskOf(input.config.task);
    const answers = await store.readRecords<EvaluatedAnswer>(input.evaluation.answers);
    const grades: AnswerGrade[] = [];
    for (const table of input.grades) {
      grades.push(...(await store.readRecords<AnswerGrade>(table)));
    }
    if (grades.length !== answers.length) {
      throw new RangeError(`${answers.length} answers have ${grades.length} grades`);
    }
    const settled = answers.map((answer, index) => settle(task, answer, grades[index] as AnswerGrade));
    const counted = settled.map((answer) => ({ ...answer, isTruncated: answer.isTruncated === true }));
    return { answers: await putTable(store, 'evaluation', settled), ...summarise(counted) };
  };
}

function settle(task: Parameters<typeof gradedVerdict>[0], answer: EvaluatedAnswer, grade: AnswerGrade) {
  const verdict = gradedVerdict(task, answer.text, grade);
  if (verdict === null) {
    return answer;
  }
  const { set, id, stratum, text, isTruncated } = answer;
  const { state, readAs, reason, answered, wellFormed, correct, score } = verdict;
  return {
    ...{ set, id, stratum, text, verdict: state, readAs },
    ...(reason === undefined ? {} : { reason }),
    ...{ answered, wellFormed, correct },
    ...(score === undefined ? {} : { score }),
    grade,
    ...(isTruncated === undefined ? {} : { isTruncated }),
  };
}
