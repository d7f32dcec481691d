import { cpSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { openWorkspaceLedger } from './known-ledger';
import { openLedger, openLedgerView } from './ledger';
import { openWorkspace, type Workspace } from './workspace';

let workspace: Workspace;
beforeEach(async () => {
  workspace = await openWorkspace(mkdtempSync(join(tmpdir(), 'tutelage-known-ledger-')));
});

const opening = { run: 'a', experiment: null, budget: {} };

/** Reserves calls in the workspace's ledger; closing releases them. */
async function buy(rows: number): Promise<void> {
  const ledger = await openWorkspaceLedger(workspace);
  await ledger.openAccount(opening);
  for (let row = 0; row < rows; row += 1) {
    const name = `${Date.now()} ${row}`;
    await ledger.reserveCalls(opening, [{ row: name, purpose: 'judge', worst: { tokens: 1, nanoUsd: 1 } }]);
  }
  await ledger.close();
}

const refused = (message: RegExp) =>
  expect(openWorkspaceLedger(workspace)).rejects.toMatchObject({
    kind: 'damaged',
    message: expect.stringMatching(message),
    hint: expect.stringContaining('tutelage backup'),
  });

describe('a ledger that lost its calls is refused', () => {
  beforeEach(() => buy(3));

  it('when its file is gone, and none is made in its place', async () => {
    rmSync(workspace.ledger);
    await refused(/is gone; this workspace has had 3 calls/);
    expect(existsSync(workspace.ledger)).toBe(false);
  });

  it('when its file is empty', async () => {
    for (const end of ['', '-wal', '-shm']) {
      rmSync(`${workspace.ledger}${end}`, { force: true });
    }
    writeFileSync(workspace.ledger, '');
    await refused(/is empty/);
  });

  it('when it was begun anew', async () => {
    for (const end of ['', '-wal', '-shm']) {
      rmSync(`${workspace.ledger}${end}`, { force: true });
    }
    await (await openLedger(workspace.ledger)).close();
    await refused(/another workspace, or was begun anew/);
  });

  it('when it is an earlier state of itself', async () => {
    cpSync(workspace.ledger, `${workspace.root}/earlier.db`);
    await buy(2);
    for (const end of ['-wal', '-shm']) {
      rmSync(`${workspace.ledger}${end}`, { force: true });
    }
    cpSync(`${workspace.root}/earlier.db`, workspace.ledger);
    await refused(/has only 3 calls/);
  });

  it('when it is no database any more', async () => {
    writeFileSync(workspace.ledger, 'garbage '.repeat(1000));
    await refused(/is not a database/);
  });

  it('by those who only look, too', async () => {
    truncateSync(workspace.ledger);
    await expect(openLedgerView(workspace.ledger, { expected: { id: 'x', calls: 1, answers: 0 } })).rejects.toThrow(
      /is empty/,
    );
  });
});

it('the file alone holds everything once the ledger is closed', async () => {
  await buy(3);
  const alone = `${workspace.root}/alone.db`;
  cpSync(workspace.ledger, alone);
  expect(new Database(alone).prepare('select count(*) as calls from calls').get()).toMatchObject({ calls: 3 });
  expect(statSync(`${workspace.ledger}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
});

describe('whoever only looks', () => {
  it('makes no ledger', async () => {
    expect(await openLedgerView(workspace.ledger)).toBeNull();
    expect(existsSync(workspace.ledger)).toBe(false);
  });

  it('sees the accounts', async () => {
    await buy(1);
    const view = await openLedgerView(workspace.ledger);
    expect((await view?.account({ kind: 'run', name: 'a' }))?.name).toBe('a');
    await view?.close();
  });
});
