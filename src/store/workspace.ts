import { access, constants, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { TutelageError } from '../core/errors';
import { ledgerLocation } from './ledger/location';

/** Where everything that must survive is kept: one visible folder, `./.tutelage` unless TUTELAGE_HOME names another. */
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

/** An empty TUTELAGE_HOME names no folder. */
export const homeOf = ({ TUTELAGE_HOME }: NodeJS.ProcessEnv): string => TUTELAGE_HOME || '.tutelage';

/** @throws TutelageError `usage` when the folder cannot be made or written, or when other users can write it. */
export async function openWorkspace(root = homeOf(process.env)): Promise<Workspace> {
  const absolute = resolve(root);
  try {
    await mkdir(absolute, { recursive: true, mode: OWNER_ONLY });
    await refuseOthers(absolute);
    for (const folder of ['logs', 'locks']) {
      await mkdir(join(absolute, folder), { recursive: true, mode: OWNER_ONLY });
    }
    await access(absolute, constants.W_OK);
  } catch (cause) {
    if (cause instanceof TutelageError) {
      throw cause;
    }
    throw new TutelageError(
      'usage',
      `the workspace ${absolute} cannot be written: ${(cause as Error).message}`,
      'make the folder writable, or name another with TUTELAGE_HOME',
      { cause },
    );
  }
  return workspaceAt(absolute);
}

const OWNER_ONLY = 0o700;

/**
 * What a workspace holds is acted on: plans name programs and keys, and models are loaded. So nobody else may write it. An
 * administrator (uid 0) may work on another user's.
 * @throws TutelageError `usage`
 */
async function refuseOthers(root: string): Promise<void> {
  const uid = process.geteuid?.();
  const { uid: owner, mode } = await stat(root);
  if (uid !== undefined && uid !== 0 && owner !== uid) {
    throw new TutelageError(
      'usage',
      `the workspace ${root} belongs to another user (uid ${owner}, yours is ${uid})`,
      'use a folder of your own, named by TUTELAGE_HOME',
    );
  }
  if ((mode & 0o022) !== 0) {
    throw new TutelageError(
      'usage',
      `the workspace ${root} can be written by other users (mode ${(mode & 0o777).toString(8)})`,
      `chmod 700 ${root}`,
    );
  }
}

/** The layout alone; nothing is made or looked at. */
export function workspaceAt(root = homeOf(process.env)): Workspace {
  const absolute = resolve(root);
  return {
    root: absolute,
    ledger: ledgerLocation(absolute),
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
