import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { capturePrinted } from '../../test/support/printed';
import { until } from '../../test/support/processes';
import { storedLaunch } from '../../test/support/stored-launch';
import { storeRunFailure } from '../store/failed-runs';
import type { Workspace } from '../store/workspace';
import { attachCommand } from './attach';
import { isRunning } from './run-lock';

let workspace: Workspace;
let printed: () => string;
beforeEach(async () => {
  ({ workspace } = await storedLaunch());
  process.env.TUTELAGE_HOME = workspace.root;
  printed = capturePrinted();
});
afterEach(() => {
  delete process.env.TUTELAGE_HOME;
  jest.restoreAllMocks();
});

/** A process that holds the run's lock, as `tutelage run` does while it works. */
async function startWorking() {
  const script = `
    new (require('libsql'))(process.argv[1], { timeout: 0 }).exec('BEGIN EXCLUSIVE');
    console.log('working');
    setTimeout(() => {}, 60_000);`;
  const child = spawn(process.execPath, ['-e', script, join(workspace.locks, 'demo.lock')]);
  await once(child.stdout, 'data');
  return {
    isAlive: () => child.exitCode === null && child.signalCode === null,
    end: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

const attach = () => attachCommand('demo', { json: false });

it('Ctrl-C leaves the view, and the run continues', async () => {
  const run = await startWorking();
  const handlers = process.listenerCount('SIGINT');
  const attached = attach();
  await until(() => printed().includes('0/1 run complete'));
  process.emit('SIGINT');
  expect(await attached).toBe(130);
  expect(printed()).toContain('demo continues\nnext: tutelage attach demo');
  expect({ isAlive: run.isAlive(), isRunning: isRunning(workspace, 'demo') }).toEqual({
    isAlive: true,
    isRunning: true,
  });
  expect(process.listenerCount('SIGINT')).toBe(handlers);
  await run.end();
});

it('the view ends with the run, however that ended, and says how it stands', async () => {
  const run = await startWorking();
  const attached = attach();
  await until(() => printed().includes('0/1 run complete'));
  await storeRunFailure(workspace, 'demo', 'the endpoint is gone');
  await run.end();
  expect(await attached).toBe(1);
  expect(printed()).toContain('failed   the endpoint is gone');
});

it('a run that nobody works on is shown once', async () => {
  expect(await attach()).toBe(3);
  expect(printed()).toContain('demo  pending, iteration 0 of');
});

it('an unknown name is refused with the names that exist', async () => {
  await expect(attachCommand('dmeo', { json: false })).rejects.toMatchObject({
    kind: 'usage',
    hint: 'choose from: demo',
  });
});
