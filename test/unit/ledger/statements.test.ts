import Database from 'libsql';
import { openLedger } from '../../../src/store/ledger';
import { sqliteLedgers } from '../../support/test-ledgers';

/** A workspace holds the calls of all runs, some of them millions; no step of one call may read them all. */

const ledgers = sqliteLedgers();
afterAll(() => ledgers.end());

const charge = { run: 'grid/a', experiment: 'grid' };
const accounts = [{ kind: 'run', name: 'grid/a' } as const, { kind: 'experiment', name: 'grid' } as const];
const worst = { tokens: 100, nanoUsd: 10 };
const usage = { inputTokens: 20, cachedTokens: 0, outputTokens: 10, reasoningTokens: 0, estimated: false };
const rows = ['a', 'b', 'c'].map((row) => ({ row, question: worst, answer: worst, wantsAnswer: () => true }));

/** Everything that the ledger is asked in a run, and what SQLite makes of each statement. */
async function plansOfARun(): Promise<{ statement: string; plan: string }[]> {
  const place = await ledgers.fresh();
  // A migration may read every call; it happens once.
  await (await openLedger(place)).close();
  const prepared = jest.spyOn(Database.prototype, 'prepare');
  const ledger = await openLedger(place);
  await ledger.openAccount({ ...charge, budget: { tokens: 1000 }, experimentBudget: { tokens: 1000 } });
  const { granted } = await ledger.reserveRows(charge, rows);
  const calls = granted.flatMap(({ question, answer }) =>
    [question, answer].flatMap((call) => (call !== null && 'reservation' in call ? [call.reservation] : [])),
  );
  const [settled, repeated, lost, taken, ...left] = calls;
  if (settled === undefined || repeated === undefined || lost === undefined || taken === undefined) {
    throw new Error(`six calls were wanted, ${calls.length} are reserved`);
  }
  await ledger.markSent(settled, 'hash', () => 5);
  await ledger.settle(settled, { usage, nanoUsd: 5, finish: 'stop', raw: '{}' });
  expect(await ledger.markSent(repeated, 'hash', () => 5)).toMatchObject({ send: false });
  await ledger.markSent(lost, 'lost', () => 5);
  await ledger.markUnknown(lost);
  await ledger.reserveAgain(lost);
  await ledger.markSent(taken, 'taken', () => 5);
  await ledger.takeBack(taken, 2);
  await ledger.release(left);
  await ledger.reserveCalls(charge, [{ row: 'seed', purpose: 'judge', worst }]);
  await ledger.dropSamples(charge.run, ['a']);
  await ledger.recover();
  await ledger.spendOf(charge.run);
  await ledger.spendOfExperiment('grid');
  for (const account of accounts) {
    await ledger.account(account);
    await ledger.billOf(account);
    await ledger.callCounts(account);
    await ledger.unknownCalls(account);
  }
  await ledger.close();
  const statements = new Set(prepared.mock.calls.map(([text]) => text));
  prepared.mockRestore();
  return explained(place, [...statements]);
}

function explained(place: string, statements: readonly string[]) {
  const database = new Database(place);
  const plans = statements
    .filter((statement) => /\bcalls\b/.test(statement) && /^(select|update)/i.test(statement))
    .map((statement) => {
      const steps = database.prepare(`explain query plan ${statement}`).all() as { detail: string }[];
      return { statement, plan: steps.map(({ detail }) => detail).join('; ') };
    });
  database.close();
  return plans;
}

test('no statement of a run goes through the calls of all runs', async () => {
  const plans = await plansOfARun();
  expect(plans.length).toBeGreaterThan(12);
  expect(plans.filter(({ plan }) => /\bSCAN calls\b(?! USING INDEX calls_(reserved|unknown))/.test(plan))).toEqual([]);
});
