import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import Database from 'libsql';
import { TutelageError } from '../core/errors';
import type { Workspace } from './workspace';

/** Made again when they are missing, or true of the processes that use the workspace now. */
const LEFT_OUT = new Set([
  ...['artifact-cache', 'checkouts', 'locks', 'users', 'identity.lock'],
  ...['server.json', 'server.lifeline', 'server.lock', 'temporal.log'],
]);

/** The databases: copied by SQLite itself, which sees one moment of a file that others write. */
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
  if ((await stat(join(root, 'runs')).catch(() => null)) === null) {
    throw new TutelageError('usage', `there is no workspace with runs at ${root}`, 'name it with TUTELAGE_HOME');
  }
  if ((await stat(folder).catch(() => null)) !== null) {
    throw new TutelageError('usage', `${folder} exists already`, 'name a folder that does not exist yet');
  }
  if (`${folder}${sep}`.startsWith(`${root}${sep}`)) {
    throw new TutelageError('usage', `${folder} is inside the workspace ${root}`, 'name a folder elsewhere');
  }
}

type Copied = { files: number; bytes: number };

async function copyDatabase(from: string, to: string, copied: Copied): Promise<void> {
  if ((await stat(from).catch(() => null)) === null) {
    return;
  }
  const database = new Database(from);
  try {
    database.exec('pragma busy_timeout = 20000');
    database.exec(`vacuum into '${to.replaceAll("'", "''")}'`);
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
