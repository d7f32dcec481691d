import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withExclusiveLock } from '../../processes/exclusive-lock';

/**
 * Copies of what is stored elsewhere, kept within a bound: files under `<root>/ab/cdef...`, and folders with models laid out
 * for reading. When it is full, what was not used for longest goes; what was used within the last minutes never does,
 * however full it is. Use is written down as the time of modification, so all processes of a workspace see it, and no
 * mark of a dead one stays.
 */
export interface ArtifactCache {
  /** Awaited before content of that size comes in. */
  makeRoom(bytes: number): Promise<void>;
  used(path: string): Promise<void>;
  /** For work of any length: says so again and again until the function that it returns is called. */
  keepInUse(paths: readonly string[]): () => void;
}

export interface ArtifactCacheOptions {
  readonly root: string;
  readonly checkouts: string;
  readonly bytesMax: number;
  /** What was used more recently is taken to be in use. */
  readonly inUseMs?: number;
}

const IN_USE_MS = 10 * 60_000;
const USED_EVERY_MS = 60_000;
/** Of the bound: what the others of a workspace may have brought in is looked at when this much came in here. */
const LOOK_EVERY = 1 / 20;
const LEFTOVER_MS = 24 * 3600_000;

export function openArtifactCache(options: ArtifactCacheOptions): ArtifactCache {
  const { bytesMax, inUseMs = IN_USE_MS } = options;
  let bytesAtLook = Number.POSITIVE_INFINITY;
  let bytesSince = 0;
  let turn: Promise<void> = Promise.resolve();

  async function look(bytes: number): Promise<void> {
    bytesSince += bytes;
    if (bytesAtLook + bytesSince <= bytesMax && bytesSince <= bytesMax * LOOK_EVERY) {
      return;
    }
    await withExclusiveLock(join(dirname(options.root), 'locks', 'artifact-cache'), async () => {
      bytesAtLook = await evict(options, bytesMax - bytes, Date.now() - inUseMs);
      bytesSince = bytes;
    });
  }

  return {
    makeRoom: (bytes) => {
      turn = turn.catch(() => {}).then(() => look(bytes));
      return turn;
    },
    used,
    keepInUse: (paths) => {
      const mark = () => paths.forEach((path) => void used(path).catch(() => {}));
      mark();
      const timer = setInterval(mark, Math.min(USED_EVERY_MS, inUseMs / 2));
      return () => clearInterval(timer);
    },
  };
}

async function used(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(ignoreAbsent);
}

interface Entry {
  readonly path: string;
  readonly usedMs: number;
  /** A laid-out model shares its files with the cache by hard links: they are there once. */
  readonly files: readonly { readonly inode: number; readonly bytes: number }[];
}

/** @returns the bytes that are left */
async function evict(options: ArtifactCacheOptions, bytesMax: number, unusedSinceMs: number): Promise<number> {
  const entries = [...(await listFiles(options.root)), ...(await listFolders(options.checkouts))];
  const links = new Map<number, number>();
  let bytes = 0;
  for (const file of entries.flatMap(({ files }) => files)) {
    const others = links.get(file.inode) ?? 0;
    links.set(file.inode, others + 1);
    bytes += others === 0 ? file.bytes : 0;
  }
  for (const entry of entries.sort((left, right) => left.usedMs - right.usedMs)) {
    if (bytes <= bytesMax || entry.usedMs > unusedSinceMs) {
      break;
    }
    // By a rename first, so that a half removed model is never taken for a whole one.
    const leaving = join(dirname(entry.path), `.tmp-leaving-${process.pid}-${entry.files[0]?.inode ?? 0}`);
    await rename(entry.path, leaving).catch(ignoreAbsent);
    await rm(leaving, { recursive: true, force: true });
    for (const file of entry.files) {
      const others = (links.get(file.inode) ?? 1) - 1;
      links.set(file.inode, others);
      bytes -= others === 0 ? file.bytes : 0;
    }
  }
  return bytes;
}

async function listFiles(root: string): Promise<Entry[]> {
  await mkdir(root, { recursive: true });
  const entries: Entry[] = [];
  for (const folder of await readdir(root)) {
    for (const name of await readdir(join(root, folder))) {
      const path = join(root, folder, name);
      const found = await stat(path).catch(ignoreAbsent);
      if (found === undefined || (await wasLeftOver(path, name, found.mtimeMs))) {
        continue;
      }
      entries.push({ path, usedMs: found.mtimeMs, files: [{ inode: found.ino, bytes: found.size }] });
    }
  }
  return entries.filter(({ path }) => !path.includes('/.tmp-'));
}

async function listFolders(checkouts: string): Promise<Entry[]> {
  await mkdir(checkouts, { recursive: true });
  const entries: Entry[] = [];
  for (const name of await readdir(checkouts)) {
    const path = join(checkouts, name);
    const found = await stat(path).catch(ignoreAbsent);
    if (found === undefined || (await wasLeftOver(path, name, found.mtimeMs)) || name.startsWith('.tmp-')) {
      continue;
    }
    const names = await readdir(path, { recursive: true, withFileTypes: true });
    const files: Entry['files'][number][] = [];
    for (const file of names.filter((one) => one.isFile())) {
      const { ino, size } = await stat(join(file.parentPath, file.name));
      files.push({ inode: ino, bytes: size });
    }
    entries.push({ path, usedMs: found.mtimeMs, files });
  }
  return entries;
}

/** What a killed process had half written. */
async function wasLeftOver(path: string, name: string, atMs: number): Promise<boolean> {
  const isOld = name.startsWith('.tmp-') && Date.now() - atMs > LEFTOVER_MS;
  if (isOld) {
    await rm(path, { recursive: true, force: true });
  }
  return isOld;
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') {
    throw error;
  }
}
