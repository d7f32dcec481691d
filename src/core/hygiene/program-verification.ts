import type { RunConfig } from '../config/schema';
import type { AnswerGrade } from '../records';
import { isRight } from '../tasks/graded-verdict';
import { taskOf } from '../tasks/registry';
import { type CheckProgram, quote } from '../tasks/task';

/**
 * The user's own program, where `hygiene.verify: checker` asks it about new rows; `null` where the task can tell by itself or
 * nobody asks. It may change its mind, so its word is stored with the row, once, when the row is bought.
 */
export function verifyingProgram({ task, hygiene }: Pick<RunConfig, 'task' | 'hygiene'>): CheckProgram | null {
  if (hygiene.verify !== 'checker') {
    return null;
  }
  const { verify, grader } = taskOf(task);
  return verify === null && grader?.kind === 'command' ? grader.program : null;
}

/** Why a row is not kept after what the program said of its answer; `null` where it is right. */
export function programDoubt(grade: AnswerGrade): string | null {
  const { mark, reason } = grade;
  if (mark === null) {
    return reason ?? 'the program of task.command has not graded it';
  }
  return isRight(grade)
    ? null
    : `the program of task.command finds the answer wrong${reason === undefined ? '' : `: ${quote(reason)}`}`;
}
