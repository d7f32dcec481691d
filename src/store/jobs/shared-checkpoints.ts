import { link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Bucket } from '../artifacts/s3-bucket';
import { hashFile } from '../artifacts/whole-files';

/**
 * The newest checkpoint of each unfinished job, for whichever machine resumes it. `latest` names a step and the
 * files of its checkpoint by their hashes; it is written after them and only ever moves to a later step, so two machines
 * that work on one job (one was only slow) leave a whole checkpoint whatever they do.
 */
export interface SharedCheckpoints {
  /** Keeps the job's checkpoint of that step, unless there is a later one or the job is finished. */
  keep(hash: string, checkpoint: { step: number; directory: string }, signal: AbortSignal): Promise<void>;
  /**
   * Lays the newest one out among the checkpoints in a job's directory, where it is newer than those.
   *
   * @returns its step; `null` where nothing is newer
   */
  bring(hash: string, directory: string): Promise<number | null>;
  /** Removes what there is of a job's checkpoints. */
  drop(hash: string): Promise<void>;
}

const fileName = z.string().regex(/^\w[\w.-]*$/);
const latestCheckpoint = z.object({
  step: z.int().nonnegative(),
  files: z.record(fileName, z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().nonnegative() })),
});
type Latest = z.infer<typeof latestCheckpoint>;

/** Of steps that lose against another machine, which is one step ahead each time. */
const ATTEMPTS_MAX = 5;

/** The names that the engine gives its checkpoints. */
const nameOf = (step: number) => `ckpt-${step}`;

export function sharedCheckpoints(
  bucket: Bucket,
  { folder, isFinished }: { folder: string; isFinished: (hash: string) => Promise<boolean> },
): SharedCheckpoints {
  const latestKey = (hash: string) => `${folder}${hash}/latest`;
  const fileKey = (hash: string, sha256: string) => `${folder}${hash}/checkpoints/${sha256}`;

  /** What cannot be read counts as absent: the job resumes from an earlier point, and the next checkpoint replaces it. */
  async function readLatest(hash: string): Promise<{ latest: Latest | null; tag: string | null }> {
    const found = await bucket.getText(latestKey(hash));
    return { latest: found === null ? null : parse(found.text), tag: found?.tag ?? null };
  }

  async function removeFiles(hash: string, of: Latest, butNot: Latest): Promise<void> {
    const kept = new Set(Object.values(butNot.files).map(({ sha256 }) => sha256));
    for (const { sha256 } of Object.values(of.files).filter((file) => !kept.has(file.sha256))) {
      await bucket.remove(fileKey(hash, sha256));
    }
  }

  async function sendFiles(hash: string, directory: string, signal: AbortSignal): Promise<Latest['files']> {
    const files: Latest['files'] = {};
    for (const name of await readdir(directory)) {
      const path = join(directory, name);
      const sha256 = await hashFile(path);
      files[name] = { sha256, bytes: (await stat(path)).size };
      if (!(await bucket.has(fileKey(hash, sha256)))) {
        await bucket.putFile(fileKey(hash, sha256), path, signal);
      }
    }
    return files;
  }

  return {
    keep: async (hash, { step, directory }, signal) => {
      if (((await readLatest(hash)).latest?.step ?? -1) >= step || (await isFinished(hash))) {
        return;
      }
      const own: Latest = { step, files: await sendFiles(hash, directory, signal) };
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const { latest, tag } = await readLatest(hash);
        if (latest !== null && latest.step >= step) {
          return removeFiles(hash, own, latest);
        }
        signal.throwIfAborted();
        if (await bucket.putText(latestKey(hash), JSON.stringify(own), { onlyIf: tag })) {
          return latest === null ? undefined : removeFiles(hash, latest, own);
        }
      }
    },
    bring: async (hash, directory) => {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const { latest } = await readLatest(hash);
        if (latest === null || latest.step <= (await newestIn(directory))) {
          return null;
        }
        // Files that are gone were superseded while they were read.
        if (
          await layOut(latest, directory, (sha256, path, bytes) => bucket.getFile(fileKey(hash, sha256), path, bytes))
        ) {
          return latest.step;
        }
      }
      return null;
    },
    drop: async (hash) => {
      await bucket.remove(latestKey(hash));
      for (const key of await bucket.list(`${folder}${hash}/checkpoints/`)) {
        await bucket.remove(key);
      }
    },
  };
}

/**
 * A checkpoint's files under another name, by hard links: the engine removes old checkpoints while they are being sent.
 *
 * @returns `null` where it is gone already
 */
export async function holdCheckpoint(directory: string, step: number): Promise<{ path: string } | null> {
  const source = join(directory, 'checkpoints', nameOf(step));
  const path = join(directory, `.tmp-sending-${step}`);
  await rm(path, { recursive: true, force: true });
  try {
    await mkdir(path, { recursive: true });
    for (const name of await readdir(source)) {
      await link(join(source, name), join(path, name));
    }
    return { path };
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

async function newestIn(directory: string): Promise<number> {
  const names = await readdir(join(directory, 'checkpoints')).catch(() => []);
  return Math.max(-1, ...names.map((name) => Number(/^ckpt-(\d+)$/.exec(name)?.[1] ?? -1)));
}

/** Under a temporary name first: the engine reads whole checkpoints only, and removes half ones when it starts. */
async function layOut(
  { step, files }: Latest,
  directory: string,
  getFile: (sha256: string, path: string, bytes: number) => Promise<boolean>,
): Promise<boolean> {
  const temporary = join(directory, 'checkpoints', `.tmp-brought-${step}`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  try {
    for (const [name, { sha256, bytes }] of Object.entries(files)) {
      const path = join(temporary, name);
      if (!(await getFile(sha256, path, bytes)) || (await hashFile(path)) !== sha256) {
        return false;
      }
    }
    await rename(temporary, join(directory, 'checkpoints', nameOf(step)));
    return true;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function parse(text: string): Latest | null {
  try {
    return latestCheckpoint.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
