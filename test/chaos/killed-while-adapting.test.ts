import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderWith, runCli, startCli } from '../support/cli';
import { expectNothingLeftOf } from '../support/processes';
import { smallConfig } from '../support/small-config';

jest.setTimeout(600_000);

const dieAt = join(__dirname, '..', 'support', 'die-at.cjs');

/** LoRA that goes on from the adapter before, and a judge: the steps that the small loop has not. */
const config = smallConfig
  .replace('method: full', 'method: lora, from: previous, rank: 4, alpha: 8')
  .replace('strategy: loss', 'strategy: judge');

const places = ['grade:during', 'finetune:during', 'finetune:after', 'grade:after', 'finetune:during'];

describe('a run with adapters and a judge that is killed at their steps', () => {
  it('ends with the grades, selections and adapters of an undisturbed one', async () => {
    const undisturbed = await folderWith(config);
    const killed = await folderWith(config);
    expect(await runCli(['run', undisturbed.file], undisturbed)).toMatchObject({ exitCode: 0 });
    for (const place of places) {
      const attempt = startCli(['run', killed.file], {
        ...killed,
        preload: [dieAt],
        environment: { DIE_AT: place, DIE_AFTER_MS: '80' },
      });
      const { signal } = await attempt.ended;
      expect({ place, signal }).toEqual({ place, signal: 'SIGKILL' });
      await expectNothingLeftOf(killed.workspace);
    }
    expect(await runCli(['run', killed.file], killed)).toMatchObject({ exitCode: 0 });
    await expectNothingLeftOf(killed.workspace);
    const iterations = await iterationsOf(killed.workspace);
    expect(iterations).toEqual(await iterationsOf(undisturbed.workspace));
    expect(iterations).toMatchObject([{ student: { adapter: {} } }, { student: { adapter: {} } }]);
  });
});

/** What each iteration made, by content. What was spent differs by calls whose outcome a kill took away. */
async function iterationsOf(workspace: string): Promise<object[]> {
  const text = await readFile(join(workspace, 'runs', 'small', 'run.json'), 'utf8');
  const { iterations } = JSON.parse(text) as { iterations: (object & { spend: object })[] };
  return iterations.map(({ spend: _spend, ...outcome }) => outcome);
}
