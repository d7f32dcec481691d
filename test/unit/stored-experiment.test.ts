import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { exportRun } from '../../src/analysis/export';
import { loadAll } from '../../src/analysis/load';
import { writeReport } from '../../src/analysis/write-report';
import { hostile, storeExperiment } from '../support/stored-experiment';

jest.setTimeout(60_000);

let workspace: string;

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'tutelage-stored-'));
  await storeExperiment(workspace, 40);
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

test('the analyses of stored rows: shares add up to one, seeds and repeats to the rows', async () => {
  const { results } = await loadAll(workspace, 'demo');
  const { strata, health, diagnosed, cumulative } = results.analyses;
  for (const arm of ['random', 'loss']) {
    const own = strata.filter((one) => one.arm === arm);
    expect(own.reduce((sum, { pool }) => sum + pool, 0)).toBeCloseTo(1, 9);
    expect(own.reduce((sum, { picks }) => sum + picks, 0)).toBeCloseTo(1, 9);
    const last = health.filter((one) => one.arm === arm).at(-1);
    const repeats = health.filter((one) => one.arm === arm).reduce((sum, one) => sum + one.repeats, 0);
    expect((last?.distinctSeeds ?? 0) + repeats).toBeCloseTo(4 * 40, 9);
  }
  // 2 arms by 3 seeds by 4 iterations; the loss on a row was made to follow that on its seed.
  expect(diagnosed).toHaveLength(1);
  expect(diagnosed[0]?.sets).toHaveLength(24);
  expect(diagnosed[0]?.withinSets?.runs).toBe(6);
  expect(diagnosed[0]?.withinSets?.rho).toBeGreaterThan(0.3);
  // Of the random runs alone; errors were made to follow the score.
  expect(cumulative.map(({ student, run }) => `${student} ${run}`)).toEqual([
    'first demo/random-1',
    'final demo/random-1',
    'first demo/random-2',
    'final demo/random-2',
    'first demo/random-3',
    'final demo/random-3', // biome-ignore format: a list
  ]);
  expect(cumulative[0]?.curve[4]?.percent).toBeGreaterThan(0);
});

test('what is equal between the runs is told, and what differs', async () => {
  const { results } = await loadAll(workspace, 'demo');
  expect(results.kind === 'experiment' && results.fairness).toEqual({
    varied: ['seed', 'strategy.score', 'strategy.select', 'strategy.name'],
    recipeIsEqual: true,
    budgetIsEqual: true,
    shortfalls: [],
  });
});

test('rows.parquet has a line a pick, results.csv one an evaluation', async () => {
  const { rowsPath, csvPath } = await writeReport({ workspace, name: 'demo' });
  const { buffer, byteOffset, byteLength } = await readFile(rowsPath);
  const rows = await parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer });
  expect(rows).toHaveLength(960);
  expect(rows[0]).toMatchObject({ run: 'demo/random-1', iteration: 1, rank: 0, verdict: 'accepted', answer: hostile });
  expect((await readFile(csvPath, 'utf8')).trimEnd().split('\r\n')).toHaveLength(1 + 6 * 5);
});

test('an exported run can be trained on: messages, prompt and completion, Alpaca, and a card', async () => {
  const to = join(workspace, 'exported');
  const files = await exportRun({ workspace, run: 'demo/loss-1', to, alpaca: true, student: false, merge: null });
  expect(files).toEqual(['messages.jsonl', 'prompt-completion.jsonl', 'rows.parquet', 'alpaca.jsonl', 'README.md']);
  const lines = async (name: string) =>
    (await readFile(join(to, name), 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line)); // biome-ignore format: one thing
  const [messages] = await lines('messages.jsonl');
  expect(messages.messages.map(({ role }: { role: string }) => role)).toEqual(['user', 'assistant']);
  expect((await lines('prompt-completion.jsonl'))[0]).toMatchObject({ prompt: messages.messages[0].content, completion: hostile }); // biome-ignore format: one thing
  expect(await lines('alpaca.jsonl')).toHaveLength(160);
  expect(await readFile(join(to, 'README.md'), 'utf8')).toMatch(/160 accepted of 160.*licence MIT.*teacher/s);
});
