import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
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

export const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
