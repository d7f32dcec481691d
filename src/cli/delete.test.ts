import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { capturePrinted } from '../../test/support/printed';
import { storedLaunch } from '../../test/support/stored-launch';
import { writeFileAtomically } from '../store/workspace';
import { deleteCommand } from './delete';
import { lockRun } from './run-lock';

let printed: () => string;
beforeEach(() => {
  printed = capturePrinted();
});
afterEach(() => {
  delete process.env.TUTELAGE_HOME;
  jest.restoreAllMocks();
});

async function launched() {
  const { workspace } = await storedLaunch();
  process.env.TUTELAGE_HOME = workspace.root;
  return { workspace, plan: join(workspace.runDirectory('demo'), 'plan.json') };
}

it('a run that a process works on is not deleted, whatever was agreed to', async () => {
  const { workspace, plan } = await launched();
  const unlock = lockRun(workspace, 'demo');
  await expect(deleteCommand('demo', { yes: true, json: false })).rejects.toMatchObject({ kind: 'busy' });
  unlock();
  expect(existsSync(plan)).toBe(true);
});

it('where nobody can be asked, nothing is deleted, and the command fails', async () => {
  const { plan } = await launched();
  expect(await deleteCommand('demo', { yes: false, json: false })).toBe(1);
  expect(printed()).toMatch(/^delete demo \(\d+\.\d MB: .*repeat with --yes\nnothing was deleted\n$/);
  expect(existsSync(plan)).toBe(true);
});

it('a run of an experiment is deleted with the experiment alone', async () => {
  const { workspace } = await launched();
  const plan = join(workspace.runDirectory('grid/loss-1'), 'plan.json');
  await writeFileAtomically(plan, JSON.stringify({ run: 'grid/loss-1', experiment: 'grid' }));
  await expect(deleteCommand('grid/loss-1', { yes: true, json: false })).rejects.toMatchObject({
    kind: 'usage',
    hint: 'delete that: tutelage delete grid',
  });
  expect(existsSync(plan)).toBe(true);
});
