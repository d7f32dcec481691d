import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfigFile } from '../core/config';
import { openWorkspace, type Workspace } from '../store/workspace';
import { findLaunch, type Launch, storeLaunch } from './launch';

let workspace: Workspace;

beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-launch-')));
});
afterEach(() => rm(workspace.root, { recursive: true }));

const find = async (lines = 'iterations: 2', startAfresh = false): Promise<Launch> => {
  const text = `name: demo\ntask: {kind: operator-chains}\n${lines}\n`;
  const parsed = parseConfigFile({ text, file: 'demo.yaml', sets: [] });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  return findLaunch(workspace, { file: 'demo.yaml', ...parsed }, startAfresh);
};

/** As a version stored it that knew fewer keys. */
async function storeWithout(launch: Launch, key: 'mode' | 'max_tokens'): Promise<Launch> {
  const [plan] = launch.plans;
  if (plan === undefined) {
    throw new Error('no plan');
  }
  const { [key]: _, ...teacher } = plan.config.teacher;
  const older = { ...launch, plans: [{ ...plan, config: { ...plan.config, teacher } }] } as unknown as Launch;
  await storeLaunch(workspace, older);
  return older;
}

test('a run that is begun goes on as it was begun, under keys that its version did not know', async () => {
  const older = await storeWithout(await find(), 'mode');
  expect((await find()).plans).toEqual(older.plans);
});

test('another value is refused with the difference; --new starts beside it', async () => {
  await storeLaunch(workspace, await find());
  await expect(find('iterations: 3')).rejects.toMatchObject({
    kind: 'usage',
    message: 'demo was started with another configuration:\n  iterations: was 2, is 3',
  });
  expect((await find('iterations: 3', true)).name).toBe('demo~2');
});

test('so is a value other than the default of a key that its version did not know', async () => {
  await storeWithout(await find(), 'max_tokens');
  await expect(find('iterations: 2\nteacher: {max_tokens: 99}')).rejects.toMatchObject({
    message: expect.stringMatching(/\n {2}teacher\.max_tokens: was \d+, is 99$/),
  });
});
