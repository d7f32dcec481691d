import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef } from '../../core/artifact-ref';
import { TutelageError } from '../../core/errors';
import type { ArtifactCache } from './artifact-cache';
import { exists, hashFile, writeWhole } from './whole-files';

/** Files under the hash of their content: what an artifact store stands on. */
export interface AddressedFiles {
  /** Lets `write` make the file at a temporary path; it is durable under its address when this returns. */
  place(sha256: string, write: (temporary: string) => Promise<void>): Promise<void>;
  /** Path of the file, its content verified. */
  pathOf(ref: ArtifactRef): Promise<string>;
  has(sha256: string): Promise<boolean>;
  /** Removes the file here; where other machines read it too, it stays. */
  remove(sha256: string): Promise<void>;
  /** Marks a path as in use, so that it is not cleared to make space. */
  used(path: string): Promise<void>;
  /** Keeps paths in use until the function that it returns is called. */
  keepInUse(paths: readonly string[]): () => void;
}

export function localFiles(root: string): AddressedFiles {
  return {
    place: (sha256, write) => writeWhole(addressIn(root, sha256), write),
    pathOf: async (ref) => {
      const path = addressIn(root, ref.sha256);
      const sha256 = await hashFile(path).catch((cause: unknown) => {
        throw damaged(`artifact ${ref.kind} ${ref.sha256} cannot be read at ${path}`, cause);
      });
      if (sha256 !== ref.sha256) {
        throw damaged(`artifact ${path} should hash to ${ref.sha256}, but hashes to ${sha256}`);
      }
      return path;
    },
    has: (sha256) => exists(addressIn(root, sha256)),
    remove: (sha256) => rm(addressIn(root, sha256), { force: true }),
    used: async () => {},
    keepInUse: () => () => {},
  };
}

/** Where files lie when the folder is only a cache of them. */
export interface RemoteFiles {
  has(sha256: string): Promise<boolean>;
  /** Durable there when this returns. */
  send(sha256: string, path: string): Promise<void>;
  /** Brings the content to a new file, its hash checked. */
  fetch(ref: ArtifactRef, path: string): Promise<void>;
}

/** Every file in the cache is in the bucket too: it is uploaded before it gets its name. */
export function cachedFiles(root: string, remote: RemoteFiles, cache: ArtifactCache): AddressedFiles {
  return {
    place: async (sha256, write) => {
      const path = addressIn(root, sha256);
      if (await remote.has(sha256)) {
        return;
      }
      // The copy in the cache may be a bad one; what is sent is made anew.
      await rm(path, { force: true });
      await writeWhole(path, async (temporary) => {
        await write(temporary);
        await cache.makeRoom((await stat(temporary)).size);
        await remote.send(sha256, temporary);
      });
    },
    pathOf: async (ref) => {
      const path = addressIn(root, ref.sha256);
      await cache.used(path);
      // Losing a damaged copy costs nothing.
      if ((await hashFile(path).catch(() => null)) !== ref.sha256) {
        await rm(path, { force: true });
        await cache.makeRoom(ref.bytes);
        await writeWhole(path, (temporary) => remote.fetch(ref, temporary));
      }
      return path;
    },
    remove: async () => {},
    has: remote.has,
    used: cache.used,
    keepInUse: cache.keepInUse,
  };
}

const addressIn = (root: string, sha256: string) => join(root, sha256.slice(0, 2), sha256.slice(2));

const damaged = (message: string, cause?: unknown) =>
  new TutelageError('damaged', message, 'restore the file from a backup, or start the run afresh with --new', {
    cause,
  });
