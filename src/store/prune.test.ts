import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import { findPrunable } from './prune';
import { openWorkspace, type Workspace } from './workspace';

let workspace: Workspace;
beforeEach(async () => {
  workspace = await openWorkspace(mkdtempSync(join(tmpdir(), 'tutelage-prune-')));
  write('checkouts/model/config.json');
  write('jobs/done/artifacts.json');
  write('jobs/begun/ckpt-1/model.bin');
  write('jobs/begun/lock', '');
  write('artifacts/ab/cd');
  write('ledger.db');
});

function write(path: string, text = '0123456789'): void {
  mkdirSync(join(workspace.root, path, '..'), { recursive: true });
  writeFileSync(join(workspace.root, path), text);
}

const found = async (isAnyRunOpen: boolean) =>
  Object.fromEntries((await findPrunable(workspace, isAnyRunOpen)).map(({ what, bytes }) => [what, bytes]));

it('checkpoints of unfinished jobs go once every run has ended, and not before', async () => {
  expect(await found(true)).toEqual({ 'model folders': 10 });
  expect(await found(false)).toEqual({ 'model folders': 10, 'unfinished jobs': 10 });
});

it('a job that is being worked on stays', async () => {
  const unlock = tryExclusiveLock(join(workspace.jobs, 'begun', 'lock'));
  expect(await found(false)).toEqual({ 'model folders': 10 });
  unlock?.();
});

it('what an audit, a fork or a cap reads is never among it', async () => {
  for (const one of await findPrunable(workspace, false)) {
    await one.remove();
  }
  for (const path of ['artifacts/ab/cd', 'ledger.db', 'jobs/done/artifacts.json']) {
    expect(existsSync(join(workspace.root, path))).toBe(true);
  }
  expect(await found(false)).toEqual({});
});
