import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWorkspaceLedger } from '../../src/store/known-ledger';
import { openWorkspace } from '../../src/store/workspace';
import { begunRowsCases } from '../support/ledger-cases/begun-rows';
import { processCases } from '../support/ledger-cases/processes';
import { stateMachineCases } from '../support/ledger-cases/state-machine';
import { type Postgres, startPostgres } from '../support/postgres';
import { postgresLedgers, type TestLedgers } from '../support/test-ledgers';

/** What holds on SQLite holds on PostgreSQL: the same cases. */
let postgres: Postgres;
let ledgers: TestLedgers;

beforeAll(async () => {
  postgres = await startPostgres();
  process.env.PGPASSWORD = postgres.password;
  ledgers = postgresLedgers(postgres);
});

afterAll(() => postgres.stop());

begunRowsCases(() => ledgers);
stateMachineCases(() => ledgers, 10);
processCases(() => ledgers);

describe('a ledger that lost its calls is refused', () => {
  const charge = { run: 'run', experiment: null };
  const usage = { inputTokens: 20, cachedTokens: 0, outputTokens: 10, reasoningTokens: 0, estimated: false };

  /** A workspace whose ledger has one settled call. */
  async function withOneCall() {
    const place = await ledgers.fresh();
    const workspace = { ...(await openWorkspace(mkdtempSync(join(tmpdir(), 'tutelage-mark-')))), ledger: place };
    const ledger = await openWorkspaceLedger(workspace);
    await ledger.openAccount({ ...charge, budget: {} });
    const worst = { tokens: 100, nanoUsd: 0 };
    const [call] = (await ledger.reserveCalls(charge, [{ row: 'a', purpose: 'judge', worst }])).granted;
    if (call === undefined || !('reservation' in call)) {
      throw new Error('the call was not granted');
    }
    await ledger.markSent(call.reservation, 'hash', () => 0);
    await ledger.settle(call.reservation, { usage, nanoUsd: 0, finish: 'stop', raw: '{}' });
    await ledger.close();
    // One that settles nothing forgets nothing.
    await (await openWorkspaceLedger(workspace)).close();
    return { workspace, place };
  }

  it('when its database was restored to an earlier state', async () => {
    const { workspace, place } = await withOneCall();
    await ledgers.execute(place, 'delete from answers; delete from calls');
    await expect(openWorkspaceLedger(workspace)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('holds an earlier state of the ledger'),
    });
  });

  it('when its address is that of another one', async () => {
    const { workspace } = await withOneCall();
    const other = { ...workspace, ledger: await ledgers.fresh() };
    await expect(openWorkspaceLedger(other)).rejects.toMatchObject({
      kind: 'damaged',
      message: expect.stringContaining('holds another ledger'),
    });
  });
});
