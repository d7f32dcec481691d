import type { AnswerGrade } from '../records';
import { asRead, judged, type Task, unmeasured, type Verdict } from './task';

/** What a program's grade says of an answer: a score counts as right from a half. */
export const isRight = ({ mark, isScore }: Pick<AnswerGrade, 'mark' | 'isScore'>): boolean =>
  mark !== null && (isScore === true ? mark >= 0.5 : mark === 1);

/**
 * The verdict that follows from a judge's or a program's grade; `null` where nothing was asked about the answer, whose
 * verdict is then that of the task's check. Without a grade an answer is unmeasured, never wrong.
 */
export function gradedVerdict({ grader }: Pick<Task, 'grader'>, answer: string, grade: AnswerGrade): Verdict | null {
  if (grader == null || grade.state === 'unasked') {
    return null;
  }
  const { mark, isScore, reason } = grade;
  if (mark === null) {
    return unmeasured(reason ?? 'it has no grade');
  }
  if (grader.kind === 'judge') {
    return grader.verdict(answer, mark);
  }
  const verdict = asRead(judged(answer.trim(), isRight(grade)));
  return { ...verdict, ...(isScore ? { score: mark } : {}), ...(reason === undefined ? {} : { reason }) };
}
