import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryExclusiveLock } from '../processes/exclusive-lock';
import { openLedger } from './ledger';
import { openOwnWorkspace } from './workspace-identity';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'tutelage-identity-')), 'home');
});

const idOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')).id;
const copied = () => {
  cpSync(root, `${root}-copy`, { recursive: true });
  return `${root}-copy`;
};

it('a workspace keeps its identity, moved or not', async () => {
  await openOwnWorkspace(root);
  const id = idOf(root);
  await openOwnWorkspace(root);
  expect(idOf(root)).toBe(id);
  renameSync(root, `${root}-moved`);
  await openOwnWorkspace(`${root}-moved`);
  expect(idOf(`${root}-moved`)).toBe(id);
});

it('a copy is a workspace of its own: the server of the original is not its server', async () => {
  await openOwnWorkspace(root);
  writeFileSync(join(root, 'server.json'), JSON.stringify({ pid: process.pid }));
  const copy = copied();
  await openOwnWorkspace(copy);
  expect(idOf(copy)).not.toBe(idOf(root));
  expect(existsSync(join(copy, 'server.json'))).toBe(false);
  expect(existsSync(join(root, 'server.json'))).toBe(true);
});

it('what living processes of the original have reserved in the ledger is not in flight in the copy', async () => {
  const workspace = await openOwnWorkspace(root);
  const ledger = await openLedger(workspace.ledger);
  const opening = { run: 'a', experiment: null, budget: {} };
  await ledger.openAccount(opening);
  await ledger.reserveCalls(opening, [{ row: '1', purpose: 'judge', worst: { tokens: 9, nanoUsd: 1 } }]);
  const copy = await openOwnWorkspace(copied());
  const inCopy = await openLedger(copy.ledger);
  expect((await inCopy.callCounts({ kind: 'run', name: 'a' })).states).toMatchObject({ reserved: 0, released: 1 });
  expect((await ledger.callCounts({ kind: 'run', name: 'a' })).states).toMatchObject({ reserved: 1 });
  await Promise.all([ledger.close(), inCopy.close()]);
});

it('a folder that is numbered differently while somebody works in it is no copy', async () => {
  const { locks } = await openOwnWorkspace(root);
  const id = idOf(root);
  writeFileSync(join(root, 'identity.json'), JSON.stringify({ id, device: '1', inode: '2' }));
  const unlock = tryExclusiveLock(join(locks, 'run.lock'));
  await openOwnWorkspace(root);
  expect(idOf(root)).toBe(id);
  unlock?.();
});
