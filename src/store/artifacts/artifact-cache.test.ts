import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openArtifactCache } from './artifact-cache';

const minute = 60_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-cache-'));
});

const inCache = (name: string) => join(folder, 'artifact-cache', 'ab', name);
const inCheckouts = (name: string) => join(folder, 'checkouts', name);
const open = (bytesMax: number, inUseMs?: number) =>
  openArtifactCache({
    root: join(folder, 'artifact-cache'),
    checkouts: join(folder, 'checkouts'),
    bytesMax,
    ...(inUseMs === undefined ? {} : { inUseMs }),
  });

/** Ten bytes, last used so many minutes ago. */
async function put(path: string, minutesAgo: number): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, '0123456789');
  await setUsed(path, minutesAgo);
  return path;
}
async function setUsed(path: string, minutesAgo: number): Promise<void> {
  const at = new Date(Date.now() - minutesAgo * minute);
  await utimes(path, at, at);
}
const left = async () => (await readdir(join(folder, 'artifact-cache', 'ab'))).sort();

it('lets go of what was not used for longest, and of no more than it must', async () => {
  await put(inCache('old'), 300);
  await put(inCache('older'), 400);
  await put(inCache('newer'), 100);
  await open(25).makeRoom(10);
  expect(await left()).toEqual(['newer']);
  await open(20).makeRoom(10);
  expect(await left()).toEqual(['newer']);
});

it('knows what reading has touched', async () => {
  await put(inCache('read'), 400);
  await put(inCache('unread'), 300);
  const cache = open(15);
  await cache.used(inCache('read'));
  await cache.makeRoom(0);
  expect(await left()).toEqual(['read']);
});

it('keeps what was used a moment ago, and what is held for long, however full it is', async () => {
  await put(inCache('now'), 0);
  await put(inCache('held'), 400);
  const cache = open(1, 500);
  const letGo = cache.keepInUse([inCache('held')]);
  await cache.makeRoom(10);
  expect(await left()).toEqual(['held', 'now']);
  letGo();
  await setUsed(inCache('held'), 400);
  await cache.makeRoom(10);
  expect(await left()).not.toContain('held');
});

it('counts what a laid-out model shares with it once, and lets go of whole models', async () => {
  const file = await put(inCache('weights'), 400);
  await mkdir(inCheckouts('model'), { recursive: true });
  await link(file, join(inCheckouts('model'), 'weights'));
  await setUsed(inCheckouts('model'), 300);
  await open(10).makeRoom(0);
  expect(await left()).toEqual(['weights']);
  await open(9).makeRoom(0);
  expect(await left()).toEqual([]);
  expect(existsSync(inCheckouts('model'))).toBe(false);
});

it('looks again when others of the workspace have brought things in', async () => {
  const cache = open(30);
  await cache.makeRoom(10);
  await put(inCache('theirs'), 400);
  await put(inCache('theirs-too'), 300);
  await cache.makeRoom(15);
  expect(await left()).toEqual(['theirs-too']);
});

it('removes what killed processes left half written, and nothing that is being written', async () => {
  await put(inCache('.tmp-1-dead'), 3000);
  await put(inCache('.tmp-2-alive'), 1);
  await open(5).makeRoom(0);
  expect(await left()).toEqual(['.tmp-2-alive']);
});
