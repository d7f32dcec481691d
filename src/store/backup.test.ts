import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { backUp } from './backup';
import { knownLedger, openWorkspaceLedger } from './known-ledger';
import { openLedger } from './ledger';
import { openWorkspace, type Workspace, workspaceAt } from './workspace';

let folder: string;
let workspace: Workspace;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-backup-'));
  workspace = await openWorkspace(join(folder, 'home'));
  mkdirSync(join(workspace.root, 'runs', 'a'), { recursive: true });
  writeFileSync(join(workspace.root, 'runs', 'a', 'run.json'), '{}');
});

const opening = { run: 'a', experiment: null, budget: {} };
const reserve = (ledger: Awaited<ReturnType<typeof openLedger>>, row: string) =>
  ledger.reserveCalls(opening, [{ row, purpose: 'judge', worst: { tokens: 7, nanoUsd: 1 } }]);

it('a backup of a workspace in use can be restored after the workspace was lost, and its ledger goes on', async () => {
  const ledger = await openWorkspaceLedger(workspace);
  await ledger.openAccount(opening);
  await reserve(ledger, 'first');
  const server = new Database(join(workspace.root, 'temporal.db'));
  server.exec('pragma journal_mode = wal; create table events (id integer); insert into events values (1)');

  const { files } = await backUp(workspace, join(folder, 'copy'));
  await reserve(ledger, 'second');
  await ledger.close();
  server.close();
  rmSync(workspace.root, { recursive: true });
  cpSync(join(folder, 'copy'), workspace.root, { recursive: true });

  expect(files).toBeGreaterThanOrEqual(4);
  expect(readFileSync(join(workspace.root, 'runs', 'a', 'run.json'), 'utf8')).toBe('{}');
  expect(new Database(join(workspace.root, 'temporal.db')).prepare('select id from events').all()).toHaveLength(1);
  const restored = await openWorkspaceLedger(workspace);
  expect((await restored.callCounts({ kind: 'run', name: 'a' })).states).toMatchObject({ reserved: 1 });
  expect(await restored.recount()).toEqual([]);
  await restored.close();
});

it('a ledger that was restored alone, from an older backup, is refused', async () => {
  const ledger = await openWorkspaceLedger(workspace);
  await ledger.openAccount(opening);
  await reserve(ledger, 'first');
  await backUp(workspace, join(folder, 'copy'));
  await reserve(ledger, 'second');
  await ledger.close();
  cpSync(join(folder, 'copy', 'ledger.db'), workspace.ledger);
  for (const end of ['-wal', '-shm']) {
    rmSync(`${workspace.ledger}${end}`, { force: true });
  }
  await expect(openLedger(workspace.ledger, await knownLedger(workspace))).rejects.toThrow(/has only 1 calls/);
});

it('what processes use at the moment is not copied, and links stay links', async () => {
  writeFileSync(join(workspace.root, 'server.json'), '{}');
  writeFileSync(join(workspace.root, 'runs', 'a', 'plan.json.tmp-1-x'), '{');
  symlinkSync('run.json', join(workspace.root, 'runs', 'a', 'link'));
  const { folder: copy } = await backUp(workspace, join(folder, 'copy'));
  expect(existsSync(join(copy, 'server.json'))).toBe(false);
  expect(existsSync(join(copy, 'locks'))).toBe(false);
  expect(existsSync(join(copy, 'runs', 'a', 'plan.json.tmp-1-x'))).toBe(false);
  expect(readFileSync(join(copy, 'runs', 'a', 'link'), 'utf8')).toBe('{}');
});

describe('a backup is refused', () => {
  it('where the folder exists', () =>
    expect(backUp(workspace, folder)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringMatching(/exists/),
    }));
  it('inside the workspace', () =>
    expect(backUp(workspace, join(workspace.root, 'copy'))).rejects.toThrow(/inside the workspace/));
  it('of no workspace', () =>
    expect(backUp(workspaceAt(join(folder, 'none')), join(folder, 'copy'))).rejects.toThrow(/no workspace/));
});
