import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { TutelageError } from '../../core/errors';
import type { PublishedFile } from '../../core/tasks/task';

const IDLE_MS_MAX = 60_000;

/**
 * Brings a published file to `target`. What an interrupted download left is gone on with, by a range request; a file
 * is put into place only when its bytes have the pinned hash.
 * @throws TutelageError `missing` when the network or the server does not give it, `damaged` when it is another file
 */
export async function download(file: PublishedFile, target: string, signal?: AbortSignal): Promise<void> {
  if (await isWhole(file, target)) {
    return;
  }
  await mkdir(dirname(target), { recursive: true });
  const part = `${target}.part`;
  await fetchRest(file, part, signal);
  if (!(await isWhole(file, part))) {
    const { size } = await stat(part);
    if (size < file.bytes) {
      throw unavailable(file, `the connection ended after ${size} of ${file.bytes} bytes`);
    }
    await rm(part, { force: true });
    throw new TutelageError(
      'damaged',
      `${file.url} has other content than the pinned file (sha256 ${file.sha256}, ${file.bytes} bytes)`,
      'get the file from its authors, and name its path in the task section',
    );
  }
  await writeFile(`${target}.license.txt`, `${file.name}: ${file.license}\n${file.url}\n`);
  await rename(part, target);
}

/** Whether a file is there, with the content that is pinned. */
export async function isWhole({ sha256, bytes }: PublishedFile, path: string): Promise<boolean> {
  if ((await sizeOf(path)) !== bytes) {
    return false;
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex') === sha256;
}

async function fetchRest(file: PublishedFile, part: string, signal: AbortSignal | undefined): Promise<void> {
  const have = (await sizeOf(part)) ?? 0;
  if (have >= file.bytes) {
    await rm(part, { force: true });
  }
  const from = have < file.bytes ? have : 0;
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), IDLE_MS_MAX);
  try {
    const response = await fetch(file.url, {
      headers: from > 0 ? { Range: `bytes=${from}-` } : {},
      signal: signal === undefined ? stalled.signal : AbortSignal.any([signal, stalled.signal]),
    });
    if (!response.ok || response.body === null) {
      throw unavailable(file, `the server answered ${response.status}`);
    }
    // A server that knows no ranges sends the whole file again.
    if (response.status !== 206) {
      await (await open(part, 'w')).close();
    }
    for await (const piece of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), IDLE_MS_MAX);
      await appendFile(part, piece);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof TutelageError ? error : unavailable(file, causeOf(error as Error));
  } finally {
    clearTimeout(timer);
  }
}

const unavailable = (file: PublishedFile, why: string) =>
  new TutelageError(
    'missing',
    `${file.url} cannot be downloaded: ${why}`,
    'try again (it resumes where it stopped), or name a local copy with task.train and task.test',
  );

const causeOf = (error: Error) => (error.cause instanceof Error ? error.cause.message : error.message);

const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => null,
  );
