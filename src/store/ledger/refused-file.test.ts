import { chmodSync, chownSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { openLedger, openLedgerView } from './ledger';

const nobody = 65534;
const account = { kind: 'run', name: 'a' } as const;
const options = { waitMsMax: 50 };

let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-refused-'));
  path = join(folder, 'ledger.db');
  const ledger = await openLedger(path);
  await ledger.openAccount({ run: 'a', experiment: null, budget: { usd: 5 } });
  await ledger.close();
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** Permissions do not bind root, who runs the tests of many containers; such a test is nobody for a moment. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) {
    return work();
  }
  for (const file of [folder, ...readdirSync(folder).map((name) => join(folder, name))]) {
    chownSync(file, nobody, nobody);
  }
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

async function readAccount() {
  const view = await openLedgerView(path, options);
  try {
    return await view?.account(account);
  } finally {
    await view?.close();
  }
}

describe('a ledger that may only be read', () => {
  it.each([
    ['the file', 0o400, 0o700],
    ['the file and its folder', 0o400, 0o500],
  ])('%s: is shown, and refused to whoever buys', async (_, file, directory) => {
    for (const name of readdirSync(folder)) {
      chmodSync(join(folder, name), file);
    }
    chmodSync(folder, directory);
    await asNobody(async () => {
      expect((await readAccount())?.caps).toMatchObject({ nanoUsd: 5e9 });
      await expect(openLedger(path, options)).rejects.toMatchObject({
        message: expect.stringMatching(/^the ledger .*cannot be (written|opened): /),
        hint: expect.stringContaining('writable'),
      });
    });
  });
});

describe('a ledger that another program has locked', () => {
  it('for a change: is shown, and refused to whoever buys', async () => {
    const other = new Database(path);
    other.exec('begin immediate');
    expect((await readAccount())?.caps).toMatchObject({ nanoUsd: 5e9 });
    await expect(openLedger(path, options)).rejects.toMatchObject({
      message: expect.stringMatching(/^the ledger .* is locked by another program: /),
      hint: expect.stringContaining('end that program'),
    });
    other.exec('rollback');
    other.close();
  });

  it('for itself alone: is refused to those who look, too, and not shown as it was long ago', async () => {
    // A file that this process has never opened: closed connections of its own still hold a lock for a while.
    const made = path;
    path = join(folder, 'copy.db');
    copyFileSync(made, path);
    const other = new Database(path);
    other.exec('pragma locking_mode = exclusive; begin exclusive; update accounts set cap_nano_usd = 1; commit');
    const busy = { kind: 'busy', message: expect.stringContaining('is locked by another program') };
    await expect(readAccount()).rejects.toMatchObject(busy);
    await expect(openLedger(path, options)).rejects.toMatchObject(busy);
    other.close();
    expect((await readAccount())?.caps).toMatchObject({ nanoUsd: 1 });
  });
});
