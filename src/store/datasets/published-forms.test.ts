import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { eight, jsonLines, publishedForms } from '../../../test/support/published-forms';
import type { Seed } from '../../core/records';
import { taskSchema } from '../../core/tasks/registry';
import type { DataLine } from './data-lines';
import { readDataFile } from './read-data-file';
import { loadTaskData } from './task-data';

/** Files in the forms in which data sets are published, with rows of our own. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-forms-'));
});

async function seedsOf(options: object) {
  const task = taskSchema.parse({ kind: 'jsonl', ...options });
  const data = await loadTaskData({ task, seed: 1 }, { datasets: folder, absent: 'leave' });
  const pool: Seed[] = [];
  for await (const seed of data?.pool ?? []) {
    pool.push(seed);
  }
  return { pool, test: data?.tests.test ?? [], skipped: data?.skipped };
}

async function firstSeed(name: string, content: string | Buffer, options: object) {
  const path = join(folder, name);
  await writeFile(path, content);
  const { pool } = await seedsOf({ train: path, test: { share: 0.5 }, ...options }).catch((error: Error) => {
    throw new Error(error.message.replaceAll(`${folder}/`, ''));
  });
  return [...pool].sort((left, right) => (left.id < right.id ? -1 : 1))[0];
}

test.each(publishedForms)('$name', async ({ file, content, options, question, answer }) => {
  const seed = await firstSeed(file, content, options);
  expect(seed?.question).toMatch(question);
  expect(seed?.answer).toMatch(answer);
});

describe('a test set split off the training file', () => {
  const rows = Array.from({ length: 400 }, (_, n) => ({ question: `How much is ${n} and ${n}?`, answer: 2 * n }));
  const split = async (of: readonly object[], test: object) => {
    await writeFile(join(folder, 'all.jsonl'), jsonLines(of));
    const { pool, test: tested } = await seedsOf({ train: join(folder, 'all.jsonl'), test, check: 'number' });
    return { pool: pool.map(({ question }) => question), test: tested.map(({ question }) => question) };
  };

  it('has about that share of the questions, and shares none with the pool', async () => {
    const { pool, test } = await split(rows, { share: 0.1 });
    expect(test.length).toBeGreaterThan(20);
    expect(test.length).toBeLessThan(60);
    expect(pool.length + test.length).toBe(400);
    expect(test.filter((question) => pool.includes(question))).toEqual([]);
  });

  it('keeps its questions when rows are added, and another seed gives another set', async () => {
    const before = await split(rows.slice(0, 300), { share: 0.1 });
    const after = await split(rows, { share: 0.1 });
    expect(after.test.slice(0, before.test.length)).toEqual(before.test);
    expect((await split(rows, { share: 0.1, seed: 2 })).test).not.toEqual(after.test);
  });

  it('is refused when it would be empty', async () => {
    await expect(split(rows.slice(0, 3), { share: 0.001 })).rejects.toThrow('no test question is left');
  });
});

it('a folder and a glob are read as one file, in the order of the names', async () => {
  await mkdir(join(folder, 'train'));
  await writeFile(join(folder, 'train', 'b.jsonl'), jsonLines([{ question: 'Second question?', answer: 2 }]));
  await writeFile(join(folder, 'train', 'a.csv'), 'question,answer\nFirst question?,1\n');
  await writeFile(join(folder, 'train', 'README.md'), '# not data');
  await writeFile(join(folder, 'test.jsonl'), jsonLines([{ question: 'Third question?', answer: 3 }]));
  for (const train of [join(folder, 'train'), join(folder, 'train', '*.{csv,jsonl}')]) {
    const { pool } = await seedsOf({ train, test: join(folder, 'test.jsonl'), check: 'number' });
    expect(pool.map(({ id, answer }) => [id, answer])).toEqual([
      ['pool-00000', '1'],
      ['pool-00001', '2'],
    ]);
  }
});

it('on_bad_rows: skip leaves out what cannot be used, and counts it by reason', async () => {
  const good = (n: number) => ({ question: `How much is ${n} and ${n}?`, answer: 2 * n });
  await writeFile(join(folder, 'a.jsonl'), `${jsonLines([good(1), good(2), good(2), good(9), { q: 1 }])}\nnot json\n`);
  await writeFile(join(folder, 'b.jsonl'), jsonLines([good(9)]));
  const files = { train: join(folder, 'a.jsonl'), test: join(folder, 'b.jsonl'), check: 'number' };
  const { pool, test, skipped } = await seedsOf({ ...files, on_bad_rows: 'skip' });
  expect([pool.length, test.length]).toEqual([2, 1]);
  expect([...(skipped ?? [])].map(([reason, count]) => [reason.slice(0, 30), count])).toEqual([
    ['is not valid JSON', 1],
    ['there is no column "question";', 1],
    ['the same question twice', 1],
    ['also a test question', 1],
  ]);
});

it.each([
  [
    'every row',
    jsonLines(eight((n) => ({ prompt: `${n}`, answer: n }))),
    'a.jsonl',
    /^a\.jsonl: in all 8 rows: there is no column "question"; there are prompt, answer$/,
  ],
  [
    'some rows',
    jsonLines(
      eight((n) =>
        n < 4 ? { question: `How much is ${n}?`, answer: n } : { question: `How much ${n}?`, answer: null },
      ),
    ),
    'a.jsonl',
    /^a\.jsonl:3: "answer" is null \(also lines 4, 5, 6, 7, 8\)$/,
  ],
  [
    'CSV in a .jsonl',
    'question,answer\na,b\n',
    'a.jsonl',
    /^a\.jsonl: is CSV, although its name says JSON; name it \.csv$/,
  ],
  ['a web page', '<!DOCTYPE html><html>', 'a.jsonl', /^a\.jsonl: is a web page/],
  ['a workbook', 'PK\u0003\u0004...', 'a.xlsx', /^a\.xlsx: is a ZIP archive or an Excel workbook/],
  [
    'a row too short',
    'question,answer\nWhat is it?\n',
    'a.csv',
    /^a\.csv:2: has another number of fields than the header/,
  ],
  [
    'a quote that never ends',
    'question,answer\n"What is it?,5\n',
    'a.csv',
    /^a\.csv:\d: is in a quoted CSV field that never ends/,
  ],
  [
    'gzip cut short',
    gzipSync(jsonLines(eight((n) => ({ question: `${n}`, answer: n })))).subarray(0, 40),
    'a.jsonl.gz',
    /^a\.jsonl\.gz: cannot be read: unexpected end of file/,
  ],
  [
    'an empty list as the answer',
    jsonLines(eight((n) => ({ question: `How much is ${n}?`, answer: [] }))),
    'a.jsonl',
    /in all 8 rows: "answer" is an empty list/,
  ],
])('%s: one sentence says it', async (_, content, file, message) => {
  await expect(firstSeed(file, content, { check: 'number' })).rejects.toThrow(message);
});

it('numbers keep their value: integers beyond 2^53, and float32', async () => {
  await writeFile(
    join(folder, 'long.jsonl'),
    '{"answer": 12345678901234567890, "text": "12345678901234567890 \\" 1234567890123456789", "small": [1, 2.5]}',
  );
  const single = parquetWriteBuffer({
    columnData: [{ name: 'answer', data: new Float32Array([0.1]), type: 'FLOAT' as const }],
  });
  await writeFile(join(folder, 'single.parquet'), Buffer.from(single));
  const records: DataLine[] = [];
  for (const name of ['long.jsonl', 'single.parquet']) {
    for await (const line of readDataFile(join(folder, name))) {
      records.push(line);
    }
  }
  expect(records).toEqual([
    {
      line: 1,
      record: { answer: '12345678901234567890', text: '12345678901234567890 " 1234567890123456789', small: [1, 2.5] },
    },
    { line: 1, record: { answer: 0.1 } },
  ]);
});

it('any bytes are read or refused, and nothing throws', async () => {
  const path = join(folder, 'any');
  const pieces = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    '\t',
    '\n',
    'a',
    '1',
    '\\',
    ':',
    'PAR1',
    '\u001f\u008b',
    '\u0000',
    'null',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(pieces, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
      ),
      fc.constantFrom('.jsonl', '.csv', '.tsv', '.json', '.parquet', ''),
      async (bytes, extension) => {
        await writeFile(path + extension, bytes);
        let lines = 0;
        for await (const line of readDataFile(path + extension)) {
          expect('problem' in line ? line.problem.length : typeof line.record).toBeTruthy();
          lines += 1;
        }
        expect(lines).toBeGreaterThan(0);
      },
    ),
    { numRuns: 200 },
  );
});
