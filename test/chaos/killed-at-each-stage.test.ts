import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { outcomeOf } from '../support/outcome';
import { expectNothingLeftOf, killTree } from '../support/processes';
import { smallConfig } from '../support/small-config';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

/**
 * One place in every step of the loop, each the death of one more process: before the step starts, some way into it, or
 * when its work is done and not yet reported. A process is killed at the step's first start after it resumed.
 */
const places = [
  'readData:after',
  'prepare:during',
  'predict:during',
  'score:after',
  'select:after',
  'generate:during',
  'collectRows:before',
  'finetune:during',
  'evaluate:after',
  'archive:after',
  // The second iteration, otherwise.
  'generate:after',
  'finetune:after',
  'archive:before',
];

describe('a run that is killed at every stage', () => {
  it('ends with the selections, rows, weights and results of an uninterrupted one', async () => {
    const uninterrupted = await folderWith(smallConfig);
    const killed = await folderWith(smallConfig);

    const straight = await runCli(['run', uninterrupted.file], uninterrupted);
    expect(straight).toMatchObject({ exitCode: 0 });

    for (const place of places) {
      const attempt = startCli(['run', killed.file], {
        ...killed,
        preload: [dieAt],
        environment: { DIE_AT: place, DIE_AFTER_MS: '60' },
      });
      const { signal } = await attempt.ended;
      expect({ place, signal }).toEqual({ place, signal: 'SIGKILL' });
      await expectNothingLeftOf(killed.workspace);
    }
    const last = startCli(['run', killed.file], killed);
    expect(await last.ended).toMatchObject({ exitCode: 0 });
    killTree(last.pid);
    await expectNothingLeftOf(killed.workspace);

    expect(await outcomeOf(killed.workspace, 'small')).toEqual(await outcomeOf(uninterrupted.workspace, 'small'));
  });
});
