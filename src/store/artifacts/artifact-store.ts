import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { ArtifactKind, ArtifactRef } from '../../core/artifact-ref';
import { canonicalJson } from '../../core/canonical-json';
import { type AddressedFiles, localFiles } from './addressed-files';
import { allRecords } from './tables';
import { copyAndSync, exists, hashFile, linesOf, writeAndSync, writeWhole } from './whole-files';

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
  /** The lines of a file one by one, its content verified before the first; without empty ones. */
  readLines(ref: ArtifactRef): AsyncIterable<string>;
  /** Path of the stored file, its content verified. */
  pathOf(ref: ArtifactRef): Promise<string>;
  /** Path of a directory with the files of a stored directory, verified once and reused. Read-only by convention. */
  checkout(ref: ArtifactRef): Promise<string>;
  has(ref: ArtifactRef): Promise<boolean>;
  /** The files of a stored directory that are its own, `*.safetensors`; its small files may belong to others. */
  weightsIn(ref: ArtifactRef): Promise<StoredFile[]>;
  /** Forgets a stored directory and its weights. A bucket, which other machines read, keeps all of it. */
  removeDirectory(ref: ArtifactRef): Promise<void>;
  /** Keeps paths that it gave from being cleared away until the function that it returns is called. */
  keepInUse(paths: readonly string[]): () => void;
}

/** A file of a stored directory. */
export interface StoredFile {
  readonly sha256: string;
  readonly bytes: number;
}

/** The stored form of a directory. */
interface Manifest {
  readonly files: Readonly<Record<string, StoredFile>>;
}

/**
 * @param root `<workspace>/artifacts`; directories are laid out beside it, under `<workspace>/checkouts`.
 * @param files where the content is stored; by default the folder itself
 */
export function openArtifactStore(
  root: string,
  checkouts: string,
  files: AddressedFiles = localFiles(root),
): ArtifactStore {
  async function putBytes(kind: ArtifactKind, bytes: Buffer, rows?: number): Promise<ArtifactRef> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await files.place(sha256, (temporary) => writeAndSync(temporary, bytes));
    return { kind, sha256, bytes: bytes.length, ...(rows === undefined ? {} : { rows }) };
  }

  async function putFile(kind: ArtifactKind, path: string, options: { rows?: number } = {}): Promise<ArtifactRef> {
    const sha256 = await hashFile(path);
    await files.place(sha256, (temporary) => copyAndSync(path, temporary));
    const { size } = await stat(path);
    return { kind, sha256, bytes: size, ...(options.rows === undefined ? {} : { rows: options.rows }) };
  }

  async function putDirectory(kind: ArtifactKind, directory: string): Promise<ArtifactRef> {
    const contents: Record<string, { sha256: string; bytes: number }> = {};
    for (const path of await filesUnder(directory)) {
      const { sha256, bytes } = await putFile(kind, path);
      contents[relative(directory, path).split(sep).join('/')] = { sha256, bytes };
    }
    return putBytes(kind, Buffer.from(canonicalJson({ files: contents } satisfies Manifest)));
  }

  const readText = async (ref: ArtifactRef) => readFile(await files.pathOf(ref), 'utf8');

  async function checkout(ref: ArtifactRef): Promise<string> {
    const target = join(checkouts, ref.sha256);
    await files.used(target);
    if (await exists(target)) {
      return target;
    }
    const manifest = JSON.parse(await readText(ref)) as Manifest;
    await writeWhole(target, async (temporary) => {
      for (const [name, file] of Object.entries(manifest.files)) {
        const source = await files.pathOf({ kind: ref.kind, ...file });
        const path = join(temporary, ...name.split('/'));
        await mkdir(dirname(path), { recursive: true });
        await linkOrCopy(source, path);
      }
    });
    return target;
  }

  async function weightsIn(ref: ArtifactRef): Promise<StoredFile[]> {
    const manifest = JSON.parse(await readText(ref)) as Manifest;
    return Object.entries(manifest.files).flatMap(([name, file]) => (name.endsWith('.safetensors') ? [file] : []));
  }

  async function removeDirectory(ref: ArtifactRef): Promise<void> {
    await rm(join(checkouts, ref.sha256), { recursive: true, force: true });
    if (!(await files.has(ref.sha256))) {
      return;
    }
    const weights = await weightsIn(ref);
    // The manifest goes first: without it nobody looks for the rest.
    await files.remove(ref.sha256);
    for (const { sha256 } of weights) {
      await files.remove(sha256);
    }
  }

  async function* readLines(ref: ArtifactRef) {
    yield* linesOf(await files.pathOf(ref));
  }

  return {
    putText: (kind, text) => putBytes(kind, Buffer.from(text)),
    putRecords: (kind, records) =>
      putBytes(kind, Buffer.from(records.map((record) => `${canonicalJson(record)}\n`).join('')), records.length),
    putFile,
    putDirectory,
    readText,
    readRecords: <T>(ref: ArtifactRef) => allRecords<T>({ readText, readLines }, ref),
    readLines,
    pathOf: files.pathOf,
    checkout,
    has: (ref) => files.has(ref.sha256),
    weightsIn,
    removeDirectory,
    keepInUse: files.keepInUse,
  };
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target));
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
