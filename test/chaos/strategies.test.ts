import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRecord } from '../../src/core/run-record';
import { macroAccuracyOf } from '../../src/core/statistics/accuracy';
import { folderWith, runCli } from '../support/cli';
import { learningConfig } from '../support/learning-config';
import { expectNothingLeftOf } from '../support/processes';
import { makeRewardModel } from '../support/reward-model';
import { smallConfig } from '../support/small-config';

// Some minutes of two cores; the limit is for a machine that is busy with other things.
jest.setTimeout(900_000);

describe('what a strategy selects decides what the student learns', () => {
  it('loss and badge end above random, and the control that keeps the surest seeds ends below it', async () => {
    const folder = await folderWith(learningConfig);
    expect(await runCli(['run', folder.file], folder)).toMatchObject({ exitCode: 0 });
    const ends = async (strategy: string) =>
      Promise.all([1, 2].map(async (seed) => macroAtTheEnd(await recordOf(folder, `learning/${strategy}-${seed}`))));
    const random = await ends('random');
    for (const strategy of ['loss', 'badge']) {
      // Measured gains are 0.09 to 0.13 in every seed; the signs are what is asserted.
      const gains = (await ends(strategy)).map((end, index) => end - (random[index] as number));
      expect({ strategy, gains, all: gains.every((gain) => gain > 0) }).toMatchObject({ all: true });
    }
    const losses = (await ends('loss-low')).map((end, index) => (random[index] as number) - end);
    expect({ losses, all: losses.every((loss) => loss > 0) }).toMatchObject({ all: true });
    await expectNothingLeftOf(folder.workspace);
  });
});

describe('every strategy that measures something of its own', () => {
  const strategies = ['badge', 'true-badge', 'reward', 'judge', 'lion', 'loss-once', 'judge-sample-t0.5'];
  const matrix = `
name: every
matrix:
  strategy:
    [badge, true-badge, reward, judge, lion, {score: loss, rescore: once}, {score: judge, select: sample, temperature: 0.5}]
`;

  it('selects the same seeds, and ends with the same student, whether the pool is divided or not', async () => {
    const config = smallConfig.replace(/^name:.*\n|^strategy:.*\n/gm, '').replace('pool_size: 300', 'pool_size: 200');
    const whole = await folderWith(config + matrix);
    const divided = await folderWith(config + matrix);
    const base = `reward_model={base: ${join(whole.workspace, '..', 'reward-model')}}`;
    makeRewardModel(join(whole.workspace, '..', 'reward-model'));
    expect(await runCli(['run', whole.file, '--set', base], whole)).toMatchObject({ exitCode: 0 });
    const some = 'matrix.strategy=[badge, reward, judge]';
    const shards = ['--set', base, '--set', 'student.shard_rows=70', '--set', some];
    expect(await runCli(['run', divided.file, ...shards], divided)).toMatchObject({ exitCode: 0 });
    for (const strategy of strategies) {
      expect((await recordOf(whole, `every/${strategy}`)).iterations).toHaveLength(2);
    }
    for (const strategy of ['badge', 'reward', 'judge']) {
      const [undivided, inShards] = [
        await recordOf(whole, `every/${strategy}`),
        await recordOf(divided, `every/${strategy}`),
      ];
      expect(outcomesOf(inShards)).toEqual(outcomesOf(undivided));
    }
    const selected = (await recordOf(whole, 'every/loss-once')).iterations.map(({ selectedBy }) => selectedBy);
    expect(selected.map(({ skip }) => skip)).toEqual([0, 60]);
    expect(selected[1]?.student).toEqual(selected[0]?.student);
    await expectNothingLeftOf(whole.workspace);
    await expectNothingLeftOf(divided.workspace);
  });
});

async function recordOf({ workspace }: { workspace: string }, run: string): Promise<RunRecord> {
  return JSON.parse(await readFile(join(workspace, 'runs', run, 'run.json'), 'utf8')) as RunRecord;
}

const macroAtTheEnd = ({ iterations }: RunRecord) => macroAccuracyOf(iterations.at(-1)?.evaluation.strata ?? {}) ?? 0;

/** Artifacts by content: equal references are equal files. */
const outcomesOf = ({ iterations }: RunRecord) => iterations.map(({ spend: _spend, ...outcome }) => outcome);
