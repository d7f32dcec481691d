import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { type AcceptedRejections, acceptRejections, type UselessRows } from '../core/hygiene/useless-rows';
import { budgetReason, type Steering, uselessReason } from '../core/steering';
import type { IterationInput } from './iteration-input';
import type { PausePoints } from './pause-points';

/** Asks the teacher until it may be asked; `null` where somebody stopped the run instead. */
export type AskTeacher = <Result extends { readonly overBudget: number }>(
  ask: () => Promise<Result>,
) => Promise<Result | null>;

export interface TeacherWait {
  readonly askTeacher: AskTeacher;
  /** Waits for a person where most of the rows bought so far were useless, before more are bought. */
  confirmUseless(what: UselessRows | null): Promise<void>;
  /** Reasons for which a person resumed the run all the same, in this iteration or an earlier one. */
  acceptedRejections(): AcceptedRejections;
  /** Somebody stopped the run while it waited: nothing more is bought. */
  gaveUp(): boolean;
}

/**
 * A teacher that refuses everything (wrong key, no quota, unknown model) is waited for until a person says `resume`, and
 * so is one whose replies are paid for and useless, and a cap where the run is to pause at it. A run that is stopped
 * continues meanwhile with what it has.
 */
export function createTeacherWait(options: {
  readonly input: Pick<IterationInput, 'run' | 'config' | 'acceptedRejections'>;
  readonly pausePoints: PausePoints;
  readonly steering: () => Steering;
}): TeacherWait {
  const { input, pausePoints, steering } = options;
  let gaveUp = false;
  let accepted = input.acceptedRejections ?? {};

  const askTeacher: AskTeacher = async (ask) => {
    for (;;) {
      // What a person does while the teacher is being asked counts as an answer to what it says.
      const before = steering();
      const answer = await askOnce(ask);
      if (!('refusal' in answer)) {
        const { overBudget } = answer;
        if (overBudget === 0 || input.config.budget.on_exhausted !== 'pause') {
          return answer;
        }
        await waitForPerson(budgetReason(input.run), before);
        if (gaveUp) {
          return answer;
        }
      } else if (answer.useless !== undefined) {
        await confirmUseless(answer.useless, before);
      } else {
        await waitForPerson(answer.refusal, before);
      }
      if (gaveUp) {
        return null;
      }
    }
  };

  async function confirmUseless(what: UselessRows | null, before = steering()): Promise<void> {
    if (what === null || input.config.teacher.provider === 'offline') {
      return;
    }
    await waitForPerson(uselessReason(input.run, what), before);
    if (steering().resumes > before.resumes) {
      accepted = acceptRejections(accepted, what);
    }
  }

  async function waitForPerson(reason: string, { resumes, capChanges }: Steering): Promise<void> {
    await pausePoints.waitForPerson(
      reason,
      () => steering().resumes > resumes || steering().capChanges > capChanges || steering().stopping !== null,
    );
    gaveUp ||= steering().stopping !== null;
  }

  return { askTeacher, confirmUseless, acceptedRejections: () => accepted, gaveUp: () => gaveUp };
}

interface TeacherRefusal {
  readonly refusal: string;
  /** Most of the first rows were rejected for one reason. */
  readonly useless?: UselessRows;
}

async function askOnce<Result extends object>(ask: () => Promise<Result>): Promise<Result | TeacherRefusal> {
  try {
    return await ask();
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === 'teacher-refused') {
      return { refusal: cause.message };
    }
    if (cause instanceof ApplicationFailure && cause.type === 'useless-rows') {
      const [useless] = cause.details ?? [];
      return { refusal: cause.message, useless: useless as UselessRows };
    }
    throw error;
  }
}
