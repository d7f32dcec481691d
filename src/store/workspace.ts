import { access, constants, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TutelageError } from '../core/errors';
import { ledgerPlace } from './ledger/place';

/** Where everything that must survive lies: one visible folder, `./.tutelage` unless TUTELAGE_HOME names another. */
export interface Workspace {
  readonly root: string;
  /** A file of the workspace, or the address of a database that several machines share. */
  readonly ledger: string;
  readonly artifacts: string;
  /** Copies of artifacts that lie in a bucket; apart from `artifacts`, whose files may lie nowhere else. */
  readonly artifactCache: string;
  /** Directories of stored models, laid out for reading; made again from artifacts when missing. */
  readonly checkouts: string;
  readonly jobs: string;
  readonly logs: string;
  readonly locks: string;
  runDirectory(run: string): string;
}

/** @throws TutelageError `usage` when the folder cannot be made or written. */
export async function openWorkspace(root = process.env.TUTELAGE_HOME ?? '.tutelage'): Promise<Workspace> {
  const absolute = resolve(root);
  try {
    for (const folder of ['logs', 'locks']) {
      await mkdir(join(absolute, folder), { recursive: true });
    }
    await access(absolute, constants.W_OK);
  } catch (cause) {
    throw new TutelageError(
      'usage',
      `the workspace ${absolute} cannot be written: ${(cause as Error).message}`,
      'make the folder writable, or name another with TUTELAGE_HOME',
      { cause },
    );
  }
  return workspaceAt(absolute);
}

/** The layout alone; nothing is made or looked at. */
export function workspaceAt(root: string): Workspace {
  const absolute = resolve(root);
  return {
    root: absolute,
    ledger: ledgerPlace(absolute),
    artifacts: join(absolute, 'artifacts'),
    artifactCache: join(absolute, 'artifact-cache'),
    checkouts: join(absolute, 'checkouts'),
    jobs: join(absolute, 'jobs'),
    logs: join(absolute, 'logs'),
    locks: join(absolute, 'locks'),
    runDirectory: (run) => join(absolute, 'runs', ...run.split('/')),
  };
}

/** Replaces a file whole: a reader, or a restart after a power cut, sees the old content or the new, never a part. */
export async function writeFileAtomically(path: string, text: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    await writeFile(temporary, text);
    const file = await open(temporary, 'r+');
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** The parsed content of a JSON file, or `null` where there is none. */
export async function readJsonFile<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
