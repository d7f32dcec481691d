import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf } from '../support/processes';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

/** Two strategies by two random seeds, each a run of seconds. */
const fourRuns = `
name: four
task: {kind: operator-chains, pool_size: 200, test_size: 48}
teacher: {provider: offline}
student:
  base: tiny
  warm_up: {rows: 80, steps: 10}
  max_new_tokens: 4
  finetune: {method: full, include_base_rows: true, epochs: 2, batch_size: 32, learning_rate: 3e-3, beta2: 0.98}
iterations: 1
samples_per_iteration: 40
analyses: true
matrix:
  strategy: [random, loss]
  seed: [1, 2]
parallel_runs: 2
`;

test('an experiment of four runs that is killed three times ends with the results of an uninterrupted one', async () => {
  const uninterrupted = await folderWith(fourRuns);
  expect(await runCli(['run', uninterrupted.file], uninterrupted)).toMatchObject({ exitCode: 0 });

  const killed = await folderWith(fourRuns);
  for (const place of ['generate:during', 'finetune:after', 'diagnose:before']) {
    const environment = { DIE_AT: place, DIE_AFTER_MS: '30' };
    const attempt = startCli(['run', killed.file], { ...killed, preload: [dieAt], environment });
    expect({ place, signal: (await attempt.ended).signal }).toEqual({ place, signal: 'SIGKILL' });
    await expectNothingLeftOf(killed.workspace);
  }
  expect(await runCli(['run', killed.file], killed)).toMatchObject({ exitCode: 0 });

  expect(await resultsOf(killed.workspace)).toEqual(await resultsOf(uninterrupted.workspace));
  const again = await runCli(['report', 'four', '--json'], killed);
  expect(JSON.parse(again.stdout)).toMatchObject({ event: 'report', name: 'four' });
  expect(await resultsOf(killed.workspace)).toEqual(await resultsOf(uninterrupted.workspace));
});

/** results.json without the times and the lost calls, which alone may differ. */
async function resultsOf(workspace: string): Promise<Record<string, unknown>> {
  const { times, unknown, ...rest } = JSON.parse(
    await readFile(join(workspace, 'runs', 'four', 'results.json'), 'utf8'),
  );
  expect({ times: typeof times, unknown: typeof unknown }).toEqual({ times: 'object', unknown: 'object' });
  return rest;
}
