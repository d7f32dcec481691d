import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { type ArtifactStore, openArtifactStore } from './artifact-store';
import { partsOf, putTable, readTable } from './tables';

let folder: string;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-tables-'));
  store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
});
afterAll(() => rm(folder, { recursive: true }));

const recordsOf = (count: number, text = '') =>
  Array.from({ length: count }, (_, index) => ({ id: `seed-${index}`, text }));

test('a table of any size gives back its records, or the rows of a range', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(25),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(30),
      fc.nat(30),
      fc.string(),
      async (count, partRows, from, to, text) => {
        const records = recordsOf(count, text);
        const table = await putTable(store, 'pool', records, { partRows });
        expect(table.rows).toBe(count);
        expect(table.parts).toBe(count <= partRows ? undefined : Math.ceil(count / partRows));
        expect(await store.readRecords(table)).toEqual(records);
        const range: object[] = [];
        for await (const record of readTable<object>(store, table, { from, to })) {
          range.push(record);
        }
        expect(range).toEqual(records.slice(from, Math.max(from, to)));
      },
    ),
    { numRuns: 60 },
  );
});

test('a table of one part is the file that a list of the same records makes', async () => {
  expect(await putTable(store, 'pool', recordsOf(3))).toEqual(await store.putRecords('pool', recordsOf(3)));
  expect(await putTable(store, 'pool', [])).toEqual(await store.putRecords('pool', []));
});

test('no record of a damaged part is given, those of the parts before it are', async () => {
  const table = await putTable(store, 'scores', recordsOf(6, 'whole'), { partRows: 2 });
  const second = (await partsOf(store, table))[1] as { sha256: string };
  const path = join(folder, 'artifacts', second.sha256.slice(0, 2), second.sha256.slice(2));
  await writeFile(path, (await readFile(path, 'utf8')).replace('seed-2', 'seed-7'));
  const seen: string[] = [];
  const read = async () => {
    for await (const { id } of readTable<{ id: string }>(store, table)) {
      seen.push(id);
    }
  };
  await expect(read()).rejects.toThrow(`should hash to ${second.sha256}`);
  expect(seen).toEqual(['seed-0', 'seed-1']);
});

test('a timer has its turn, however long each record is looked at', async () => {
  const table = await putTable(store, 'pool', recordsOf(40));
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  for await (const _ of readTable(store, table)) {
    const until = performance.now() + 10;
    while (performance.now() < until);
  }
  clearInterval(timer);
  expect(ticks).toBeGreaterThanOrEqual(4);
});
