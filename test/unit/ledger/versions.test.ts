import { gzipSync } from 'node:zlib';
import Database from 'libsql';
import { openLedger } from '../../../src/store/ledger';
import { migrations } from '../../../src/store/ledger/migrations';
import { sqliteLedgers } from '../../support/test-ledgers';

const ledgers = sqliteLedgers();
afterAll(() => ledgers.end());

/** As the program of that version left it: an account, and a bought answer. */
async function ledgerOfVersion(version: number): Promise<string> {
  const place = await ledgers.fresh();
  const database = new Database(place);
  for (const statement of migrations.slice(0, version).flat()) {
    database.exec(statement);
  }
  database.exec(`pragma user_version = ${version};
    insert into accounts values ('run', 'old', 10, null, null, 1, 30, 5);
    insert into sessions values ('s', 'host', 'boot', 1, '', 0, 1);
    insert into calls values ('s.1', 'old', null, 'row', 'answer', 'hash', 1, 'settled', 's', 100, 10, 20, 0, 10, 0, 5, 1, 0,
      'stop', null, 1, 2, 3)`);
  database.prepare('insert into answers (call, body) values (?, ?)').run('s.1', gzipSync('{}'));
  database.close();
  return place;
}

const versions = migrations.map((_, index) => index + 1);

test.each(versions)(
  'a ledger of version %i is opened, adds up, and its answers are not bought again',
  async (version) => {
    const ledger = await openLedger(await ledgerOfVersion(version));
    expect(await ledger.recount()).toEqual([]);
    expect(await ledger.billOf(null)).toEqual({ calls: 1, inputTokens: 20, outputTokens: 10, nanoUsd: 5 });
    const charge = { run: 'new', experiment: null };
    await ledger.openAccount({ ...charge, budget: {} });
    const worst = { tokens: 100, nanoUsd: 10 };
    const { granted } = await ledger.reserveCalls(charge, [{ row: 'row', purpose: 'judge', worst }]);
    const [call] = granted;
    if (call === undefined || !('reservation' in call)) {
      throw new Error('nothing was granted');
    }
    expect(await ledger.markSent(call.reservation, 'hash', () => 5)).toMatchObject({
      owned: { call: 's.1', raw: '{}' },
    });
    await ledger.close();
  },
);
