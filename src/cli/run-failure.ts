import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { TutelageError, type TutelageErrorKind } from '../core/errors';

/** Kinds that a step's failure may carry; `usage`, for example, would mislead the reader. */
const kinds: readonly TutelageErrorKind[] = [
  'missing',
  'damaged',
  'teacher-refused',
  'student-input',
  'student-failed',
  'transient',
];

/**
 * Why a run failed, in the words of the failed step: the server wraps them in the failures of every workflow above it. An
 * error that is not a step's failure, or is a bug, is returned unchanged.
 */
export function runFailure(name: string, error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) {
    return error;
  }
  let deepest: ApplicationFailure | undefined;
  for (let link: unknown = error.cause; link instanceof Error; link = link.cause) {
    deepest = link instanceof ApplicationFailure ? link : deepest;
  }
  if (error.cause instanceof TerminatedFailure || error.cause instanceof CancelledFailure) {
    return new TutelageError(
      'transient',
      `the workflow of ${name} was ended from outside: ${error.cause.message}`,
      'run the same command again to resume; nothing that was bought is bought again',
      { cause: error },
    );
  }
  const kind = kinds.find((known) => known === deepest?.type);
  if (deepest === undefined || (kind === undefined && deepest.type !== 'no-rows-accepted')) {
    return error;
  }
  const [message, hint] = deepest.message.split('\nhint: ');
  return new TutelageError(
    kind ?? 'transient',
    `${name} failed: ${message}`,
    hint ?? `see what the teacher writes with \`tutelage preview FILE\`; rows that were already bought cost nothing`,
    { cause: error },
  );
}
