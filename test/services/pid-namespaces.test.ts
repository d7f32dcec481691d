import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePython } from '../../src/setup/python';
import { openTemporal, type Temporal } from '../../src/temporal/open-temporal';
import { readServerRecord } from '../../src/temporal/server-record';

/** Two containers on one workspace: each with process numbers of its own, which mean nothing to the other. */

const workspace = mkdtempSync(join(tmpdir(), 'tutelage-namespaces-'));
let binDirectory: string;
let temporal: Temporal;

beforeAll(async () => {
  ({ binDirectory } = await ensurePython({ onProgress: () => {} }));
  temporal = await openTemporal({ workspace, pythonBinDirectory: binDirectory });
});
afterAll(() => temporal.close());

const opensElsewhere = () =>
  spawnSync(
    'unshare',
    ['--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, '--import', 'tsx', '-e', SCRIPT],
    { encoding: 'utf8', env: { ...process.env, WORKSPACE: workspace, BIN: binDirectory } },
  ).stdout;

const SCRIPT = `
  require('./src/temporal/open-temporal')
    .openTemporal({ workspace: process.env.WORKSPACE, pythonBinDirectory: process.env.BIN })
    .then(async (temporal) => { await temporal.close(); console.log('opened'); },
          (error) => console.log(error.kind + ': ' + error.message));`;

it('a second container is refused with a sentence, and the server of the first stays', async () => {
  const before = await readServerRecord(workspace);
  expect(opensElsewhere()).toMatch(/^busy: another container or machine is using this workspace/);
  expect(await readServerRecord(workspace)).toEqual(before);
});

it('it may once the first has let go', async () => {
  await temporal.close();
  expect(opensElsewhere()).toBe('opened\n');
});

it('a system that hides its processes is told in a sentence', () => {
  const script = `require('./src/processes/process-identity').ownIdentity()`;
  const { stderr } = spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      '-c',
      'mount -t tmpfs none /proc && exec "$@"',
      'sh',
      process.execPath,
      '--import',
      'tsx',
      '-e',
      script,
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toContain('this system does not show its processes: /proc is not mounted, or hides them');
});
