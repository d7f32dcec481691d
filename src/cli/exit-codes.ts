import { isTutelageError, TutelageError, type TutelageErrorKind } from '../core/errors';

/** Exit codes. Never 0 on failure. */
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
  'useless-rows': exitCodes.failed,
  'student-input': exitCodes.failed,
  'student-failed': exitCodes.failed,
  transient: exitCodes.failed,
};

export function exitCodeOf(error: unknown): number {
  const known = asSentence(error);
  return isTutelageError(known) ? byKind[known.kind] : exitCodes.failed;
}

/** What the system says no to, whichever file it was. Anything else is returned as it is. */
function asSentence(error: unknown): unknown {
  if (isTutelageError(error) || !(error instanceof Error)) {
    return error;
  }
  const { code = '', path } = error as NodeJS.ErrnoException;
  const [kind, what, hint] = systemErrors[code] ?? [];
  if (kind === undefined || what === undefined) {
    return error;
  }
  const where = path === undefined ? error.message : path;
  return new TutelageError(kind, `${what}: ${where}`, hint, { cause: error });
}

const again = 'then run the same command again; nothing that was bought is lost';
const writable = `make it a folder that you can write to, or name another workspace with TUTELAGE_HOME, ${again}`;
const filesLimit = `raise the limit of open files (ulimit -n), or end other programs, ${again}`;
const replaced = 'it was updated or built again; run the same command again to resume';

const systemErrors: Readonly<Record<string, readonly [TutelageErrorKind, what: string, hint: string]>> = {
  ENOSPC: ['transient', 'the disk is full', `free some space, ${again}`],
  EDQUOT: ['transient', 'the disk quota is used up', `free some space, ${again}`],
  EACCES: ['usage', 'permission is denied', writable],
  EPERM: ['usage', 'permission is denied', writable],
  EROFS: ['usage', 'the file system is read-only', writable],
  ENOTDIR: ['usage', 'a file is where a folder is needed', writable],
  ENAMETOOLONG: ['usage', 'the name is too long for the file system', 'choose a shorter name'],
  EMFILE: ['transient', 'this process has too many open files', filesLimit],
  ENFILE: ['transient', 'this machine has too many open files', filesLimit],
  MODULE_NOT_FOUND: ['transient', "the program's own files have changed while it ran", replaced],
  ERR_MODULE_NOT_FOUND: ['transient', "the program's own files have changed while it ran", replaced],
};

/** One sentence and, on its own line, the next step. A bug shows its stack, for a bug report. */
export function describeError(thrown: unknown): string {
  const error = asSentence(thrown);
  if (isTutelageError(error)) {
    return error.hint === undefined ? `error: ${error.message}` : `error: ${error.message}\nhint: ${error.hint}`;
  }
  if (!(error instanceof Error)) {
    return `error: ${String(error)}`;
  }
  const cause = error.cause instanceof Error ? `\ncaused by: ${error.cause.message}` : '';
  return `error: ${error.stack ?? error.message}${cause}`;
}
