import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { RunSnapshot, Snapshot } from './snapshot';

type FailedAttempt = NonNullable<RunSnapshot['failedAttempts']>[number];

/** Failures of this type are the step's way to ask again later. */
const ASKS_AGAIN = 'not-ready';

/** The last failed attempt of each step that is being repeated. */
export function failedAttemptsOf(description: WorkflowExecutionDescription | null): FailedAttempt[] {
  return (description?.raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) =>
    lastFailure?.message == null || lastFailure.applicationFailureInfo?.type === ASKS_AGAIN
      ? []
      : [
          {
            step: activityType?.name ?? '',
            // The server counts the attempt under way, or the one it will make next.
            attempt: Math.max(1, (attempt ?? 1) - 1),
            reason: lastFailure.message.split('\n')[0] ?? '',
          },
        ],
  );
}

/** Tells each failed attempt once, as a line. */
export function failedAttemptsTeller(say: (line: string) => void): (snapshot: Snapshot) => void {
  const told = new Set<string>();
  return ({ runs }) => {
    for (const { run, iteration, failedAttempts = [] } of runs) {
      for (const { step, attempt, reason } of failedAttempts) {
        const key = JSON.stringify([run, iteration, step, attempt]);
        if (!told.has(key)) {
          told.add(key);
          say(`${run}: attempt ${attempt} of ${step} failed and is repeated: ${reason}`);
        }
      }
    }
  };
}
