import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import type { Workspace } from '../store/workspace';

/** Held by the one process that runs a file's runs, until it ends, however it ends. */
export function lockRun(workspace: Workspace, name: string): () => void {
  const unlock = tryExclusiveLock(lockFile(workspace, name));
  if (unlock === undefined) {
    throw new TutelageError(
      'busy',
      `another process is already running ${name}`,
      `wait for it, watch it with \`tutelage status ${name} --watch\`, or interrupt it with Ctrl-C in its terminal and run the same command again`,
    );
  }
  return unlock;
}

/** Whether a process holds that lock now. */
export function isRunning(workspace: Workspace, name: string): boolean {
  // Looking makes no file.
  if (!existsSync(lockFile(workspace, name))) {
    return false;
  }
  const unlock = tryExclusiveLock(lockFile(workspace, name));
  unlock?.();
  return unlock === undefined;
}

const lockFile = (workspace: Workspace, name: string) => join(workspace.locks, `${name}.lock`);
