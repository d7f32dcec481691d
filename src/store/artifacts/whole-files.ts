import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Makes `target` appear whole or not at all, and to survive a power cut once this returns. */
export async function writeWhole(target: string, write: (temporary: string) => Promise<void>): Promise<void> {
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

export async function writeAndSync(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function copyAndSync(source: string, target: string): Promise<void> {
  await copyFile(source, target);
  const file = await open(target, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The sha256 of a file's content. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** One hash of all files directly in a folder, by name and content; `null` where there is no such folder. */
export async function hashFolder(folder: string): Promise<string | null> {
  const names = await readdir(folder).catch(() => null);
  if (names === null) {
    return null;
  }
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) {
      hash.update(`${name}\n${await hashFile(path)}\n`);
    }
  }
  return hash.digest('hex');
}

export const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Lines of a file that was verified, without its empty ones. JSON strings may hold what other readers take for an end of line. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      if (line !== '') {
        yield line;
      }
    }
  }
  if (rest !== '') {
    yield rest;
  }
}
