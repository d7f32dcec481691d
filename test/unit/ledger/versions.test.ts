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
    insert into calls (id, run, experiment, "row", purpose, request_hash, attempt, state, owner, worst_tokens, worst_nano_usd,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, nano_usd, samples, estimated, finish, shared_from,
      reserved_at, sent_at, ended_at) values ('s.1', 'old', null, 'row', 'answer', 'hash', 1, 'settled', 's', 100, 10, 20, 0, 10, 0, 5, 1, 0,
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

test.each([1, 2, 3])('a further answer that version %i stored as `verify` is found as `agreement`', async (version) => {
  const place = await ledgerOfVersion(version);
  const database = new Database(place);
  database.exec(`insert into calls (id, run, experiment, "row", purpose, request_hash, attempt, state, owner, worst_tokens,
    worst_nano_usd, input_tokens, cached_tokens, output_tokens, reasoning_tokens, nano_usd, samples, estimated, finish,
    shared_from, reserved_at, sent_at, ended_at) select 's.2', run, experiment, 'row~1', 'verify', 'hash 2', attempt, state, owner,
    worst_tokens, worst_nano_usd, input_tokens, cached_tokens, output_tokens, reasoning_tokens, nano_usd, 0, estimated,
    finish, shared_from, reserved_at, sent_at, ended_at from calls where id = 's.1'`);
  database.exec(`insert into calls (id, run, experiment, "row", purpose, request_hash, attempt, state, owner, worst_tokens,
    worst_nano_usd, input_tokens, cached_tokens, output_tokens, reasoning_tokens, nano_usd, samples, estimated, finish,
    shared_from, reserved_at, sent_at, ended_at) select 's.3', run, experiment, 'row', 'question', 'hash 3', attempt, state, owner,
    worst_tokens, worst_nano_usd, input_tokens, cached_tokens, output_tokens, reasoning_tokens, nano_usd, 0, estimated,
    finish, shared_from, reserved_at, sent_at, ended_at from calls where id = 's.1'`);
  const insert = database.prepare('insert into answers (call, body) values (?, ?)');
  insert.run('s.2', gzipSync('"further"'));
  insert.run('s.3', gzipSync('"question"'));
  database.exec('update accounts set tokens = 90, nano_usd = 15');
  database.close();
  const ledger = await openLedger(place);
  const worst = { tokens: 100, nanoUsd: 10 };
  const { granted } = await ledger.reserveRows({ run: 'old', experiment: null }, [
    {
      ...{ row: 'row', question: worst, answer: worst, wantsAnswer: () => true },
      further: { count: 1, wanted: () => true },
    },
  ]);
  expect(granted[0]?.further).toMatchObject([{ stored: { call: 's.2', raw: '"further"' } }]);
  await ledger.close();
});
