import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ArtifactKind, ArtifactRef } from '../../core/artifact-ref';
import { canonicalJson } from '../../core/canonical-json';
import { TutelageError } from '../../core/errors';

/**
 * Immutable files under `<root>/ab/cdef...`, addressed by the sha256 of their content. Writing the same content again
 * is a no-op, so every activity may be repeated. A file appears under its address only when it is whole: written under
 * a temporary name, fsynced, renamed. Reading checks the hash.
 */
export interface ArtifactStore {
  putText(kind: ArtifactKind, text: string): Promise<ArtifactRef>;
  putRecords(kind: ArtifactKind, records: readonly object[]): Promise<ArtifactRef>;
  /** `rows` is counted where the file is a table of JSON lines. */
  putFile(kind: ArtifactKind, path: string, options?: { rows?: number }): Promise<ArtifactRef>;
  putDirectory(kind: ArtifactKind, directory: string): Promise<ArtifactRef>;
  readText(ref: ArtifactRef): Promise<string>;
  readRecords<T>(ref: ArtifactRef): Promise<T[]>;
  /** Path of the stored file, its content verified. */
  pathOf(ref: ArtifactRef): Promise<string>;
  /** Path of a directory with the files of a stored directory, verified once and reused. Read-only by convention. */
  checkout(ref: ArtifactRef): Promise<string>;
  has(ref: ArtifactRef): Promise<boolean>;
}

/** The stored form of a directory. */
interface Manifest {
  readonly files: Readonly<Record<string, { sha256: string; bytes: number }>>;
}

/** @param root `<workspace>/artifacts`; directories are laid out beside it, under `<workspace>/checkouts`. */
export function openArtifactStore(root: string, checkouts: string): ArtifactStore {
  const addressOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256.slice(2));

  async function putBytes(kind: ArtifactKind, bytes: Buffer, rows?: number): Promise<ArtifactRef> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writeWhole(addressOf(sha256), (temporary) => writeAndSync(temporary, bytes));
    return { kind, sha256, bytes: bytes.length, ...(rows === undefined ? {} : { rows }) };
  }

  async function putFile(kind: ArtifactKind, path: string, options: { rows?: number } = {}): Promise<ArtifactRef> {
    const sha256 = await hashFile(path);
    await writeWhole(addressOf(sha256), (temporary) => copyAndSync(path, temporary));
    const { size } = await stat(path);
    return { kind, sha256, bytes: size, ...(options.rows === undefined ? {} : { rows: options.rows }) };
  }

  async function putDirectory(kind: ArtifactKind, directory: string): Promise<ArtifactRef> {
    const files: Record<string, { sha256: string; bytes: number }> = {};
    for (const path of await filesUnder(directory)) {
      const { sha256, bytes } = await putFile(kind, path);
      files[relative(directory, path).split(sep).join('/')] = { sha256, bytes };
    }
    return putBytes(kind, Buffer.from(canonicalJson({ files } satisfies Manifest)));
  }

  async function pathOf(ref: ArtifactRef): Promise<string> {
    const path = addressOf(ref.sha256);
    const sha256 = await hashFile(path).catch((cause: unknown) => {
      throw new TutelageError(
        'damaged',
        `artifact ${ref.kind} ${ref.sha256} cannot be read at ${path}`,
        'restore the file from a backup, or start the run afresh with --new',
        { cause },
      );
    });
    if (sha256 !== ref.sha256) {
      throw new TutelageError(
        'damaged',
        `artifact ${path} should hash to ${ref.sha256}, but hashes to ${sha256}`,
        'restore the file from a backup, or start the run afresh with --new',
      );
    }
    return path;
  }

  const readText = async (ref: ArtifactRef) => readFile(await pathOf(ref), 'utf8');

  async function checkout(ref: ArtifactRef): Promise<string> {
    const target = join(checkouts, ref.sha256);
    if (await exists(target)) {
      return target;
    }
    const manifest = JSON.parse(await readText(ref)) as Manifest;
    await writeWhole(target, async (temporary) => {
      for (const [name, file] of Object.entries(manifest.files)) {
        const source = await pathOf({ kind: ref.kind, ...file });
        const path = join(temporary, ...name.split('/'));
        await mkdir(dirname(path), { recursive: true });
        await linkOrCopy(source, path);
      }
    });
    return target;
  }

  return {
    putText: (kind, text) => putBytes(kind, Buffer.from(text)),
    putRecords: (kind, records) =>
      putBytes(kind, Buffer.from(records.map((record) => `${canonicalJson(record)}\n`).join('')), records.length),
    putFile,
    putDirectory,
    readText,
    readRecords: async <T>(ref: ArtifactRef) => parseLines<T>(await readText(ref)),
    pathOf,
    checkout,
    has: (ref) => exists(addressOf(ref.sha256)),
  };
}

function parseLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Makes `target` appear whole or not at all, and to survive a power cut once this returns. */
async function writeWhole(target: string, write: (temporary: string) => Promise<void>): Promise<void> {
  if (await exists(target)) {
    return;
  }
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`);
  try {
    await write(temporary);
    await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
      // Another process laid out the same directory first; content is equal by construction.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') {
        throw error;
      }
    });
    await syncDirectory(folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function writeAndSync(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function copyAndSync(source: string, target: string): Promise<void> {
  await copyFile(source, target);
  const file = await open(target, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
