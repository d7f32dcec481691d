import type { RunContext } from '../activities/run-context';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { EvaluationSummary } from '../core/run-record';
import { graderKind } from '../core/tasks/grader-kind';
import { activityGroups } from './activity-options';
import type { TeacherWait } from './ask-teacher';
import type { PausePoints } from './pause-points';

/** Answers of one step to grade: its calls keep an endpoint busy, and between two steps the run may pause. */
const ANSWERS_PER_GRADING = 200;
const GRADINGS_MAX = 100;

/**
 * The student answers every test question. Where the task's answers are graded by a judge or by a user's program, the
 * grades follow in steps of their own: bought grades are in the ledger and are not asked for again.
 */
export async function evaluateStudent(
  input: RunContext & { readonly student: ModelRef; readonly iteration: number },
  {
    pausePoints,
    teacherWait,
    title,
  }: { readonly pausePoints: PausePoints; readonly teacherWait: TeacherWait; readonly title: { summary: string } },
): Promise<EvaluationSummary> {
  const { light, teacher, student } = activityGroups();
  const evaluation = await pausePoints.interruptible(() => student.evaluate.executeWithOptions(title, [input]));
  if (graderKind(input.config.task) === null) {
    return evaluation;
  }
  const { run, experiment, config, prepared } = input;
  const { answers } = evaluation;
  const count = answers.rows ?? 0;
  const size = Math.max(ANSWERS_PER_GRADING, Math.ceil(count / GRADINGS_MAX));
  const grades: ArtifactRef[] = [];
  for (let from = 0; from < count; from += size) {
    const chunk = { from, to: Math.min(from + size, count) };
    await pausePoints.safePoint();
    const part = { summary: `${title.summary}: grades ${chunk.from + 1} to ${chunk.to} of ${count}` };
    const grade = () =>
      teacher.gradeAnswers.executeWithOptions(part, [{ run, experiment, config, prepared, answers, ...chunk }]);
    // A run that is stopped while a judge refuses keeps what it has: the rest of its answers is unmeasured.
    const graded = await teacherWait.askTeacher(grade);
    if (graded === null) {
      return evaluation;
    }
    grades.push(graded.grades);
  }
  return light.settleEvaluation.executeWithOptions(title, [{ run, experiment, config, prepared, evaluation, grades }]);
}
