import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TutelageError, type TutelageErrorKind } from '../core/errors';

/** Kinds that a step's failure may carry; `usage`, say, would send the reader to the wrong place. */
const kinds: readonly TutelageErrorKind[] = ['missing', 'damaged', 'teacher-refused', 'student-input', 'transient'];

/**
 * Why a run failed, in the words of the step that did: the server wraps them in the failures of every workflow above it.
 * What is no failure of a step, or a bug, is handed back as it is.
 */
export function runFailure(name: string, error: unknown): unknown {
  if (!(error instanceof WorkflowFailedError)) {
    return error;
  }
  let deepest: ApplicationFailure | undefined;
  for (let link: unknown = error.cause; link instanceof Error; link = link.cause) {
    deepest = link instanceof ApplicationFailure ? link : deepest;
  }
  const kind = kinds.find((known) => known === deepest?.type);
  if (deepest === undefined || (kind === undefined && deepest.type !== 'no-rows-accepted')) {
    return error;
  }
  const [message, hint] = deepest.message.split('\nhint: ');
  return new TutelageError(
    kind ?? 'transient',
    `${name} failed: ${message}`,
    hint ?? `see what the teacher writes with \`tutelage preview FILE\`; nothing that was bought is bought again`,
    { cause: error },
  );
}
