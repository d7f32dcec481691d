import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfigFile } from '../core/config';
import { homeOf, openWorkspace, type Workspace } from '../store/workspace';
import { storeLaunch } from './launch';
import { listCommand } from './list';
import { statusCommand } from './status';
import { findWork } from './workspace-names';

let home: string;
let printed: string;
beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'tutelage-status-')), 'home');
  process.env.TUTELAGE_HOME = home;
  printed = '';
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => {
  delete process.env.TUTELAGE_HOME;
  jest.restoreAllMocks();
});

async function start(name: string): Promise<Workspace> {
  const workspace = await openWorkspace(home);
  const parsed = parseConfigFile({ text: `name: ${name}\ntask: {kind: operator-chains}\n`, file: 'f', sets: [] });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  const launch = { name, next: '', isExperiment: false, parallelRuns: 1, plans: parsed.runs };
  await storeLaunch(workspace, launch);
  return workspace;
}

const status = (name?: string) => statusCommand(name, { json: false, watch: false });

it('looking at an empty place creates nothing', async () => {
  expect(await status()).toBe(0);
  expect(await listCommand({ json: false })).toBe(0);
  expect(existsSync(home)).toBe(false);
  expect(printed).toContain('nothing has been started in this workspace yet');
});

it('looking at a workspace without a ledger makes none, and no lock', async () => {
  const { root, locks } = await start('one');
  const before = readdirSync(root).sort();
  expect(await status()).toBe(0);
  expect(printed).toContain('one  pending');
  expect(readdirSync(root).sort()).toEqual(before);
  expect(readdirSync(locks)).toEqual([]);
});

it('a plan that was cut off hides no other run, and is told with its file', async () => {
  const workspace = await start('one');
  mkdirSync(workspace.runDirectory('cut'), { recursive: true });
  writeFileSync(join(workspace.runDirectory('cut'), 'plan.json'), '{"run": "cut", "conf');
  expect(await status()).toBe(0);
  expect(printed).toContain('one  pending');
  expect(printed).toMatch(/error: .*cut\/plan\.json cannot be read .*\nhint: restore the file/);
  await expect(findWork(workspace, 'cut')).rejects.toMatchObject({ kind: 'damaged' });
});

it('an empty TUTELAGE_HOME means the default folder, and not the current one', () => {
  expect(homeOf({ TUTELAGE_HOME: '' })).toBe('.tutelage');
  expect(homeOf({})).toBe('.tutelage');
});

it('a name of 300 letters is a problem of the configuration', () => {
  const text = `name: ${'x'.repeat(300)}\ntask: {kind: operator-chains}\n`;
  const parsed = parseConfigFile({ text, file: 'f', sets: [] });
  expect(JSON.stringify(parsed)).toContain('at most 100 lower-case letters');
});
