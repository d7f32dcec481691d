import { isTutelageError, type TutelageErrorKind } from '../core/errors';

/** What the shell learns. Never 0 on failure. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  stoppedBeforeGoal: 3,
  missing: 4,
  interrupted: 130,
} as const;

const byKind: Record<TutelageErrorKind, number> = {
  usage: exitCodes.usage,
  busy: exitCodes.failed,
  missing: exitCodes.missing,
  damaged: exitCodes.failed,
  'teacher-refused': exitCodes.missing,
  'student-input': exitCodes.failed,
  transient: exitCodes.failed,
};

export function exitCodeOf(error: unknown): number {
  return isTutelageError(error) ? byKind[error.kind] : exitCodes.failed;
}

/** One sentence and, on a line of its own, the next step. A bug shows its stack: it is for us, not for the user to mend. */
export function describeError(error: unknown): string {
  if (isTutelageError(error)) {
    return error.hint === undefined ? `error: ${error.message}` : `error: ${error.message}\nhint: ${error.hint}`;
  }
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC') {
    return `error: the disk is full: ${(error as Error).message}\nhint: free some space, then give the same command again; nothing that was bought is lost`;
  }
  if (!(error instanceof Error)) {
    return `error: ${String(error)}`;
  }
  const cause = error.cause instanceof Error ? `\ncaused by: ${error.cause.message}` : '';
  return `error: ${error.stack ?? error.message}${cause}`;
}
