import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import type { Workspace } from '../store/workspace';

/** One process at a time works on a file's runs; it holds this until it ends, however it ends. */
export function lockRun(workspace: Workspace, name: string): () => void {
  const unlock = tryExclusiveLock(lockFile(workspace, name));
  if (unlock === undefined) {
    throw new TutelageError(
      'busy',
      `another process is already running ${name}`,
      `wait for it, look at it with \`tutelage status ${name}\`, or stop it with Ctrl-C in its terminal; the same command then goes on`,
    );
  }
  return unlock;
}

/** Whether some process works on it now. */
export function isWorkedOn(workspace: Workspace, name: string): boolean {
  const unlock = tryExclusiveLock(lockFile(workspace, name));
  unlock?.();
  return unlock === undefined;
}

const lockFile = (workspace: Workspace, name: string) => join(workspace.locks, `${name}.lock`);
