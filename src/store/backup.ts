import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import Database from 'libsql';
import { TutelageError } from '../core/errors';
import type { Workspace } from './workspace';

const run = promisify(execFile);

/** Made again when they are missing, or true of the processes that use the workspace now. */
const LEFT_OUT = new Set([
  ...['artifact-cache', 'checkouts', 'locks', 'users', 'identity.lock'],
  ...['server.json', 'server.lifeline', 'server.lock', 'temporal.log'],
]);

/** The databases, which others write meanwhile. */
const SERVER_DATABASE = 'temporal.db';
const LEDGER = 'ledger.db';

export interface Backup {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Copies a workspace that may be in use. First the server's database, then runs, artifacts and jobs, the ledger last:
 * whatever the copied workflows refer to is in the copy, and no call that they know is missing from its ledger. The copy
 * takes its name only when it is whole.
 *
 * @throws TutelageError `usage` when there is no workspace, or the folder exists or lies in the workspace
 */
export async function backUp({ root }: Workspace, to: string): Promise<Backup> {
  const folder = resolve(to);
  await refuseFolder(root, folder);
  const partial = `${folder}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true, mode: 0o700 });
  const copied = { files: 0, bytes: 0 };
  try {
    await copyDatabase(join(root, SERVER_DATABASE), join(partial, SERVER_DATABASE), copied);
    for (const name of await readdir(root)) {
      // `temporal.db-wal` and the like belong to the databases. An older mark is never ahead of the ledger in the copy.
      if (!LEFT_OUT.has(name) && !name.startsWith(SERVER_DATABASE) && !name.startsWith(LEDGER)) {
        await copyTree(join(root, name), join(partial, name), copied);
      }
    }
    await copyDatabase(join(root, LEDGER), join(partial, LEDGER), copied);
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  return { folder, ...copied };
}

async function refuseFolder(root: string, folder: string): Promise<void> {
  if (!(await exists(join(root, 'runs')))) {
    throw new TutelageError('usage', `there is no workspace with runs at ${root}`, 'name it with TUTELAGE_HOME');
  }
  if (await exists(folder)) {
    throw new TutelageError('usage', `${folder} exists already`, 'name a folder that does not exist yet');
  }
  if (`${folder}${sep}`.startsWith(`${root}${sep}`)) {
    throw new TutelageError('usage', `${folder} is inside the workspace ${root}`, 'name a folder elsewhere');
  }
}

type Copied = { files: number; bytes: number };

/**
 * Copies file and log, in this order, inside a transaction that reads: until it ends, the log is not begun anew and nothing
 * behind it is written into the file, so the copied log brings the copied file to one moment. `vacuum into` runs the
 * schema again, and libsql refuses Temporal's, which has JSON paths in double quotes.
 */
async function copyDatabase(from: string, to: string, copied: Copied): Promise<void> {
  if (!(await exists(from))) {
    return;
  }
  const database = new Database(from);
  try {
    database.exec('pragma busy_timeout = 20000; begin; select count(*) from sqlite_master');
    // By another process: closing a file ends every lock that this one has on it, SQLite's too.
    await run('cp', [from, to]);
    if (await exists(`${from}-wal`)) {
      await run('cp', [`${from}-wal`, `${to}-wal`]);
    }
    database.exec('commit');
    intoOneFile(to);
  } catch (cause) {
    throw new TutelageError(
      'damaged',
      `${from} cannot be copied: ${(cause as Error).message}`,
      'see `tutelage doctor`; if the disk is full, name a folder on another one',
      { cause },
    );
  } finally {
    database.close();
  }
  copied.files += 1;
  copied.bytes += (await stat(to)).size;
}

function intoOneFile(path: string): void {
  const database = new Database(path);
  try {
    database.exec('pragma wal_checkpoint(truncate)');
  } finally {
    database.close();
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Files that vanish meanwhile are left out: those that matter are replaced whole, and never removed while they do. */
async function copyTree(from: string, to: string, copied: Copied): Promise<void> {
  try {
    await copyOne(from, to, copied);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    await mkdir(dirname(to), { recursive: true });
  }
}

async function copyOne(from: string, to: string, copied: Copied): Promise<void> {
  const names = await readdir(from, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') {
      return null;
    }
    throw error;
  });
  if (names === null) {
    // Where the file system can, both share their blocks until one is changed.
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    copied.files += 1;
    copied.bytes += (await stat(to)).size;
    return;
  }
  await mkdir(to, { recursive: true });
  for (const entry of names) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) {
      await symlink(await readlink(source), target);
    } else if ((entry.isDirectory() || entry.isFile()) && !entry.name.includes('.tmp-')) {
      await copyTree(source, target, copied);
    }
  }
}
