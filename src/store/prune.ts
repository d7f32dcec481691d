import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import { openArtifactStore } from './artifacts/artifact-store';
import { exists } from './artifacts/whole-files';
import { findUnneededStudents } from './unneeded-students';
import type { Workspace } from './workspace';

/** Something that can go: nothing that an audit, a fork or a cap reads. */
export interface Prunable {
  readonly what: 'model folders' | 'artifact cache' | 'unfinished jobs' | 'students';
  readonly why: string;
  readonly bytes: number;
  remove(): Promise<void>;
}

/**
 * What of a workspace is not needed any more. Only to be called while no run works.
 * @param isAnyRunOpen whether a run may still be resumed, which needs the checkpoints of unfinished jobs
 */
export async function findPrunable(workspace: Workspace, isAnyRunOpen: boolean): Promise<Prunable[]> {
  const found: Prunable[] = [
    await prunable('model folders', 'laid out again from artifacts when they are read', [workspace.checkouts]),
    await prunable('artifact cache', 'copied again from the bucket when they are read', [workspace.artifactCache]),
  ];
  if (!isAnyRunOpen) {
    const jobs = await unfinishedJobs(workspace.jobs);
    found.push(await prunable('unfinished jobs', 'checkpoints of runs that have ended, or are gone', jobs));
    // A bucket belongs to other machines too, whose runs are not known here.
    const students = await findUnneededStudents(workspace, openArtifactStore(workspace.artifacts, workspace.checkouts));
    found.push({ what: 'students', why: 'of deleted runs, or let go by student.keep', ...students });
  }
  return found.filter(({ bytes }) => bytes > 0);
}

async function prunable(what: Prunable['what'], why: string, paths: readonly string[]): Promise<Prunable> {
  const sizes = await Promise.all(paths.map(bytesIn));
  return {
    what,
    why,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    remove: async () => {
      for (const path of paths) {
        await rm(path, { recursive: true, force: true });
      }
    },
  };
}

/** A finished job has `artifacts.json`, which an audit reads; one that is being worked on is locked. */
async function unfinishedJobs(jobs: string): Promise<string[]> {
  const unfinished: string[] = [];
  for (const hash of await readdir(jobs).catch(() => [])) {
    const directory = join(jobs, hash);
    if (!(await exists(join(directory, 'artifacts.json'))) && (await isFree(join(directory, 'lock')))) {
      unfinished.push(directory);
    }
  }
  return unfinished;
}

async function isFree(lock: string): Promise<boolean> {
  if (!(await exists(lock))) {
    return true;
  }
  const unlock = tryExclusiveLock(lock);
  unlock?.();
  return unlock !== undefined;
}

/** Of a folder's files. One may vanish meanwhile, and a link takes no room of its own. */
export async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(directory, name)).then(
        (file) => (file.isFile() && file.nlink === 1 ? file.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
