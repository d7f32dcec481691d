import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunResults } from '../../src/analysis/results-schema';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf } from '../support/processes';
import { makeRewardModel } from '../support/reward-model';
import { smallConfig } from '../support/small-config';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

const reward = smallConfig.replace('strategy: loss', 'strategy: reward\nanalyses: true');

/** Steps that the small loop does not have: a judge's grades, a reward model, gradient sketches and k-means++, and LoRA that continues. */
const cases = [
  {
    what: 'adapters and a judge',
    config: smallConfig
      .replace('method: full', 'method: lora, from: previous, rank: 4, alpha: 8')
      .replace('strategy: loss', 'strategy: judge'),
    places: ['grade:during', 'finetune:during', 'finetune:after', 'grade:after', 'finetune:during'],
    each: { student: { adapter: {} } },
  },
  {
    what: 'gradient sketches',
    config: smallConfig.replace('strategy: loss', 'strategy: badge'),
    places: ['gradientSketch:during', 'selectDiverse:during'],
    each: { predictions: {}, scores: {} },
  },
  { what: 'a reward model', config: reward, places: ['reward:during'], each: { scores: {} } },
];

describe.each(cases)('a run with $what that is killed at their steps', ({ config, places, each }) => {
  it('ends with the measurements, selections and students of an uninterrupted one', async () => {
    const uninterrupted = await folderWith(config);
    const killed = await folderWith(config);
    const set = config === reward ? withRewardModel(uninterrupted.workspace) : [];
    expect(await runCli(['run', uninterrupted.file, ...set], uninterrupted)).toMatchObject({ exitCode: 0 });
    for (const place of places) {
      const attempt = startCli(['run', killed.file, ...set], {
        ...killed,
        preload: [dieAt],
        environment: { DIE_AT: place, DIE_AFTER_MS: '80' },
      });
      const { signal } = await attempt.ended;
      expect({ place, signal }).toEqual({ place, signal: 'SIGKILL' });
      await expectNothingLeftOf(killed.workspace);
    }
    expect(await runCli(['run', killed.file, ...set], killed)).toMatchObject({ exitCode: 0 });
    await expectNothingLeftOf(killed.workspace);
    const iterations = await iterationsOf(killed.workspace);
    expect(iterations).toMatchObject([each, each]);
    expect(iterations).toEqual(await iterationsOf(uninterrupted.workspace));
    expect(await rewardSetsOf(killed.workspace)).toEqual(config === reward ? 2 : undefined);
  });
});

function withRewardModel(workspace: string): string[] {
  const directory = join(workspace, '..', 'reward-model');
  makeRewardModel(directory);
  return ['--set', `reward_model={base: ${directory}}`];
}

/** How many sets the figure on rewards of seeds and rows has. */
async function rewardSetsOf(workspace: string): Promise<number | undefined> {
  const text = await readFile(join(workspace, 'runs', 'small', 'results.json'), 'utf8');
  const { analyses } = JSON.parse(text) as RunResults;
  return analyses.diagnosedRewards[0]?.sets.length;
}

/** What each iteration made, by content. What was spent differs by calls whose outcome a kill took away. */
async function iterationsOf(workspace: string): Promise<object[]> {
  const text = await readFile(join(workspace, 'runs', 'small', 'run.json'), 'utf8');
  const { iterations } = JSON.parse(text) as { iterations: (object & { spend: object })[] };
  return iterations.map(({ spend: _spend, ...outcome }) => outcome);
}
