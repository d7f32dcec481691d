import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundlePath } from '../support/paths';

const folder = join(__dirname, '..', 'histories');

/** Every history that was ever recorded of a released workflow shape: a change that breaks open runs fails here. */
describe('recorded histories replay on the current workflows', () => {
  beforeAll(() => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  });

  const files = readdirSync(folder).flatMap((version) =>
    readdirSync(join(folder, version)).map((file) => join(version, file)),
  );

  it('there are some of every workflow', () => {
    for (const kind of ['experiment', 'run', 'iter-1']) {
      expect(files.some((file) => file.endsWith(`${kind}.json`))).toBe(true);
    }
  });

  it.each(files)('%s', async (file) => {
    const history = historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8')));
    await Worker.runReplayHistory({ workflowBundle: { codePath: workflowBundlePath }, replayName: file }, history);
  });

  it('a history with another step does not', async () => {
    const file = files.find((name) => name.endsWith('loss-iter-1.json')) as string;
    const changed = readFileSync(join(folder, file), 'utf8').replaceAll('"finetune"', '"refine"');
    await expect(
      Worker.runReplayHistory(
        { workflowBundle: { codePath: workflowBundlePath } },
        historyFromJSON(JSON.parse(changed)),
      ),
    ).rejects.toThrow(/[Nn]ondeterminism|determinism/);
  });
});
