import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DataLine } from './data-lines';
import { readDataFile } from './read-data-file';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(file: string): Promise<DataLine[]> {
  const lines: DataLine[] = [];
  for await (const line of readDataFile(file)) {
    lines.push(line);
  }
  return lines;
}

async function written(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

test('a device and a pipe are no data files, and are not waited for', async () => {
  const pipe = join(folder, 'pipe.jsonl');
  execFileSync('mkfifo', [pipe]);
  const problem = 'is a device, a pipe or a socket; expected a regular file';
  for (const file of ['/dev/zero', pipe]) {
    expect(await read(file)).toEqual([{ line: null, problem }]);
  }
});

test('a line that is too long is a problem of that line, and the others are read', async () => {
  const long = Buffer.alloc(65 << 20, 'x');
  const file = await written(
    'long.jsonl',
    Buffer.concat([Buffer.from('{"a": 1}\n'), long, Buffer.from('\n{"a": 2}\n')]),
  );
  expect(await read(file)).toEqual([
    { line: 1, record: { a: 1 } },
    { line: 2, problem: 'has more than 64 MiB; a row may not be that long' },
    { line: 3, record: { a: 2 } },
  ]);
});

test.each(['bomb.jsonl.gz', 'bomb.csv.gz'])('%s, which unpacks to far more than it is, is given up', async (name) => {
  const file = await written(name, gzipSync(Buffer.concat([Buffer.from('{"a": 1}\n'), Buffer.alloc(90 << 20, ' ')])));
  expect(await read(file)).toEqual(
    expect.arrayContaining([
      { line: null, problem: expect.stringContaining('it unpacks to more than 200 times its size') },
    ]),
  );
});
