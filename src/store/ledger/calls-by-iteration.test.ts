import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callsByIteration } from './calls-by-iteration';
import { type Ledger, openLedger } from './ledger';
import { openLedgerReader } from './read-ledger';

const path = join(mkdtempSync(join(tmpdir(), 'tutelage-spend-')), 'ledger.db');
let ledger: Ledger;

beforeAll(async () => {
  ledger = await openLedger(path);
  await ledger.openAccount({ run: 'run', experiment: null, budget: {} });
  // Iteration 1 buys again after iteration 2 has bought: the order of the ends says nothing.
  await buy(1, 'a', 10);
  await buy(2, 'b', 100);
  await buy(1, 'c', 1);
});
afterAll(() => ledger.close());

async function buy(iteration: number, row: string, inputTokens: number): Promise<void> {
  const { granted } = await ledger.reserveCalls({ run: 'run', experiment: null, iteration }, [
    { row, purpose: 'judge', worst: { tokens: 1000, nanoUsd: 1000 } },
  ]);
  for (const call of granted) {
    if ('reservation' in call) {
      await ledger.markSent(call.reservation, `hash of ${row}`, () => 0);
      const usage = { inputTokens, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0 };
      const outcome = { usage: { ...usage, estimated: false }, nanoUsd: 1, finish: 'stop' as const };
      await ledger.settle(call.reservation, { ...outcome, raw: '{}' });
    }
  }
}

it('the spend through an iteration is the sum over its own calls and earlier ones, whenever it is asked', async () => {
  expect(await ledger.spendOf('run', 0)).toMatchObject({ inputTokens: 0 });
  expect(await ledger.spendOf('run', 1)).toMatchObject({ inputTokens: 11 });
  expect(await ledger.spendOf('run', 2)).toMatchObject({ inputTokens: 111 });
  expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 111 });
});

it('a record of another sum is found', async () => {
  const reader = await openLedgerReader(path);
  const calls = await reader.callsOf({ kind: 'run', name: 'run' });
  await reader.close();
  const spends = [await ledger.spendOf('run', 1), await ledger.spendOf('run', 2)];
  expect(callsByIteration(calls, spends).map((group) => group.map(({ row }) => row))).toEqual([['a', 'c'], ['b']]);
  // As archived once all was bought, which doubled the first point of the curve.
  expect(callsByIteration(calls, [await ledger.spendOf('run'), await ledger.spendOf('run')])).toEqual([]);
});
