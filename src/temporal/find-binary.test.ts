import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findTemporalBinary } from './find-binary';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tutelage-temporal-'));
});
afterEach(() => rm(root, { recursive: true }));

/** A folder with a `temporal` that prints this. */
async function folderWith(name: string, prints: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  await writeFile(join(folder, 'temporal'), `#!/bin/sh\necho '${prints}'\n`);
  await chmod(join(folder, 'temporal'), 0o755);
  return folder;
}

const own = () => folderWith('own', 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)');

test.each([
  ['1.9.1 (Server 1.32.0, UI 2.54.1)', true],
  ['1.12.0', true],
  ['1.5.1 (Server 1.29.1)', false],
  ['2.0.0', false],
  ['DEV', false],
])('temporal version %s on PATH is used: %s', async (version, isUsed) => {
  const [onPath, inPython] = [await folderWith('path', `temporal version ${version}`), await own()];
  const found = await findTemporalBinary(inPython, ['', join(root, 'absent'), onPath].join(delimiter));
  expect(found).toBe(join(isUsed ? onPath : inPython, 'temporal'));
});

test('another program of that name is passed over', async () => {
  const inPython = await own();
  const onPath = await folderWith('path', 'Temporal Workbench 9');
  expect(await findTemporalBinary(inPython, onPath)).toBe(join(inPython, 'temporal'));
});

test('where nothing can be used, the hint says what was found and what is needed', async () => {
  const onPath = await folderWith('path', 'temporal version 1.4.0');
  await expect(findTemporalBinary(join(root, 'none'), onPath)).rejects.toMatchObject({
    kind: 'missing',
    hint: expect.stringContaining('path/temporal: version 1.4, needed is 1.9 or a later 1.x'),
  });
});
