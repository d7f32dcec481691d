import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { demoExperiment, demoRecord } from '../../test/support/run-records';
import { loadResults, loadRun } from './load';
import { experimentResults, runResults } from './results';
import { writeReport } from './write-report';

let workspace: string;

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'tutelage-load-'));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

async function put(path: string, content: unknown): Promise<void> {
  const file = join(workspace, 'runs', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** The demo experiment as the loop leaves it; `started` of its runs have a record. */
async function putExperiment(started = 6) {
  const runs = demoExperiment().map((run) => ({ ...run, run: `demo/${run.run}` }));
  await put('demo/experiment.json', { experiment: 'demo', runs: runs.map(({ run, labels }) => ({ run, labels })) });
  for (const { run, record } of runs.slice(0, started)) {
    await put(`${run}/run.json`, record);
  }
  return runs;
}

test('a stored record is read back as it was', async () => {
  await put('alone/run.json', demoRecord('loss', 2));
  expect(await loadRun(workspace, 'alone')).toEqual(demoRecord('loss', 2));
  expect(await loadRun(workspace, 'other')).toBeNull();
});

test('an experiment is drawn from its list and the records of its runs', async () => {
  const runs = await putExperiment();
  expect(await loadResults(workspace, 'demo')).toEqual(experimentResults('demo', runs));
});

test('an experiment still going is drawn as far as it is', async () => {
  await putExperiment(2);
  const results = await loadResults(workspace, 'demo');
  expect(results.kind === 'experiment' && results.notStarted).toEqual([
    'demo/random-3',
    'demo/loss-1',
    'demo/loss-2',
    'demo/loss-3',
  ]);
});

test('a run of an experiment has a report of its own, with its labels', async () => {
  await putExperiment();
  const { results, resultsPath, reportPath } = await writeReport({ workspace, name: 'demo/loss-1' });
  expect(results).toEqual(runResults(demoRecord('loss', 1)));
  expect(JSON.parse(await readFile(resultsPath, 'utf8'))).toEqual(JSON.parse(JSON.stringify(results)));
  expect(await readFile(reportPath, 'utf8')).toContain('demo/loss-1');
});

test('a report is written whole beside its results, and again gives the same bytes', async () => {
  await putExperiment();
  const first = await writeReport({ workspace, name: 'demo' });
  const texts = async () => Promise.all([first.resultsPath, first.reportPath].map((path) => readFile(path, 'utf8')));
  const before = await texts();
  await writeReport({ workspace, name: 'demo' });
  expect(await texts()).toEqual(before);
  expect((await readdir(join(workspace, 'runs', 'demo'))).filter((name) => name.includes('tmp'))).toEqual([]);
  expect(before.join('')).not.toContain(workspace);
});

test('a strategy written out in the matrix is an arm named by its text', async () => {
  const record = demoRecord('loss', 1);
  await put('own/experiment.json', {
    experiment: 'own',
    runs: [{ run: 'own/1', labels: { strategy: { score: 'loss', keep: 'low' }, seed: 1 } }],
  });
  await put('own/1/run.json', record);
  const results = await loadResults(workspace, 'own');
  expect(results.kind === 'experiment' && results.arms[0]?.arm).toBe('{"keep":"low","score":"loss"}');
});

test.each([
  ['an unknown name', 'quickstrat', 'usage', /quickstrat has no results/, /choose from: demo/],
  ['a name that leads out of the workspace', '../..', 'usage', /not the name of a run/, undefined],
  ['no name', '', 'usage', /not the name of a run/, undefined],
])('%s is refused with the next step', async (_, name, kind, message, hint) => {
  await putExperiment(1);
  const error = await loadResults(workspace, name).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ kind, message: expect.stringMatching(message) });
  expect((error as { hint?: string }).hint ?? '').toMatch(hint ?? '');
});

test.each([
  ['half a file', '{"run": "demo'],
  ['a record without its evaluation', JSON.stringify({ ...demoRecord('loss', 1), baseEvaluation: undefined })],
])('%s is called damaged, with its path', async (_, text) => {
  await put('broken/run.json', text);
  await expect(loadRun(workspace, 'broken')).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringContaining(join('runs', 'broken', 'run.json')),
  });
});
