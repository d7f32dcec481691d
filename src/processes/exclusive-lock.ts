import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'libsql';

const RETRY_MS = 100;

/**
 * Runs `work` while no other process, and no other caller in this one, holds the lock on `path`. The lock is SQLite's own
 * on an empty file, so the system releases it when its holder dies: there are no stale locks.
 *
 * The file belongs to its maker alone: a read lock of another user would be as good as this one.
 *
 * @param options.onWait called once, when somebody else holds the lock.
 * @param options.signal ends the waiting, not the work.
 */
export async function withExclusiveLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { onWait?: () => void; signal?: AbortSignal } = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  let release = tryExclusiveLock(path);
  if (release === undefined) {
    options.onWait?.();
  }
  while (release === undefined) {
    await delay(RETRY_MS);
    options.signal?.throwIfAborted();
    release = tryExclusiveLock(path);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

/** Takes the lock if it is free, and returns the function that gives it back; undefined when somebody else holds it. */
export function tryExclusiveLock(path: string): (() => void) | undefined {
  // Only a file that is not there is opened: a process that closes a descriptor of a file loses all locks it holds on it.
  if (!existsSync(path)) {
    closeSync(openSync(path, 'a', 0o600));
  }
  const database = new Database(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') {
      return undefined;
    }
    throw error;
  }
  return () => {
    database.exec('ROLLBACK');
    database.close();
  };
}
