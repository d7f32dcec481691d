import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareReport } from '../../src/analysis/compare-report';
import { writeReport } from '../../src/analysis/write-report';
import { storeExperiment } from '../support/stored-experiment';

jest.setTimeout(60_000);

const name = 'demo/loss-1';
let workspace: string;
const pathOf = (file: string) => join(workspace, 'runs', 'demo', 'loss-1', file);

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'tutelage-compared-'));
  await storeExperiment(workspace, 10);
  await writeReport({ workspace, name });
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

/** What is said after a change in the text of a file; its bytes are latin1 characters. */
async function afterChange(
  file: string,
  change: (text: string) => string,
): Promise<{ compared: number; said: string }> {
  const path = pathOf(file);
  const before = await readFile(path);
  const changed = change(before.toString('latin1'));
  await writeFile(path, Buffer.from(changed, 'latin1'));
  const { compared, differences } = await compareReport({ workspace, name });
  await writeFile(path, before);
  return { compared, said: differences.map(({ location, message }) => `${location}: ${message}`).join('\n') };
}

const anotherVersion = (text: string) => text.replace(/content="tutelage [^"]*"/, 'content="tutelage 0.0.1"');

test('a report is what the stored data give, every time', async () => {
  expect(await compareReport({ workspace, name })).toEqual({ compared: 4, differences: [] });
});

// biome-ignore format: a table
test.each<[what: string, file: string, change: (text: string) => string, said: RegExp]>([
  ['a number', 'results.json', (text) => text.replace('"accepted": 10', '"accepted": 11'), /json: iterations\[0\]\.accepted is 11, the stored data give 10; `tutelage report demo\/loss-1`/],
  ['a key that is gone', 'results.json', (text) => text.replace('"asked": 10,', ''), /asked is undefined, the stored data give 10/],
  ['a space', 'results.json', (text) => text.replace(': ', ':  '), /json: differs from what the stored data give, first in line 2/],
  ['no JSON', 'results.json', (text) => text.slice(9), /json: its results cannot be read/],
  ['a cell', 'results.csv', (text) => text.replace('loss', 'hope'), /csv: differs .* first in line \d/],
  ['a byte', 'rows.parquet', (text) => `${text.slice(0, 400)}~${text.slice(401)}`, /parquet: differs .* at byte 400/],
  ['a number of a table', 'report.html', (text) => text.replace(/>0\.\d\d\d</, '>0.999<'), /html: differs .* line \d+/],
  ['a letter of its data', 'report.html', (text) => text.replace('"accepted":10', '"accepted":12'), /html: iterations\[0\]\.accepted is 12/],
  ['its packed rows', 'report.html', (text) => text.replace(/(rows-packed">.{500})./, '$1='), /html: differs/],
])('%s in %s', async (_, file, change, said) => {
  expect((await afterChange(file, change)).said).toMatch(said);
});

test('a report of another version is held against its results alone, as far as they were told then', async () => {
  const drawn = await afterChange('report.html', (text) =>
    anotherVersion(text).replace('<main>', '<main class="old">'),
  );
  expect(drawn).toEqual({ compared: 2, said: '' });
  const wrong = (text: string) => anotherVersion(text).replace('"accepted":10', '"accepted":12');
  expect((await afterChange('report.html', wrong)).said).toMatch(/accepted is 12, the stored data give 10/);
  const shorter = (text: string) => anotherVersion(text).replaceAll('"asked":10,', '');
  expect((await afterChange('report.html', shorter)).said).toBe('');
});

test('nothing is compared of work that is still running, and a file that does not exist yet is not missed', async () => {
  const record = pathOf('run.json');
  const before = await readFile(record, 'utf8');
  await writeFile(record, before.replace('"state":"complete"', '"state":"running"'));
  expect(await compareReport({ workspace, name })).toEqual({ compared: 0, differences: [] });
  await writeFile(record, before);
  await unlink(pathOf('results.csv'));
  expect(await compareReport({ workspace, name })).toEqual({ compared: 3, differences: [] });
});
