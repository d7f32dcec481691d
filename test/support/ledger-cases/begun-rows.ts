import { type Ledger, openLedger, type RowToReserve } from '../../../src/store/ledger';
import type { TestLedgers } from '../test-ledgers';

const charge = { run: 'run', experiment: null };
const worst = { tokens: 100, nanoUsd: 0 };
const usage = { inputTokens: 20, cachedTokens: 0, outputTokens: 10, reasoningTokens: 0, estimated: false };

/** An attempt that was granted all four rows and died: of each it bought so many calls, or lost one. */
async function attempt(ledger: Ledger, outcomes: Outcomes) {
  const { granted } = await ledger.reserveRows(charge, rows);
  expect(granted).toHaveLength(rows.length);
  for (const { row, question, answer } of granted) {
    for (const [index, outcome] of (outcomes[row] ?? []).entries()) {
      const call = [question, answer][index];
      if (call == null || !('reservation' in call)) {
        throw new Error('a fresh row reserves both calls');
      }
      await ledger.markSent(call.reservation, `${row} ${index}`, () => 0);
      await (outcome === 'settled'
        ? ledger.settle(call.reservation, { usage, nanoUsd: 0, finish: 'stop', raw: '{}' })
        : ledger.markUnknown(call.reservation));
    }
  }
  await ledger.close();
}

type Outcomes = Readonly<Record<string, readonly ('settled' | 'lost')[]>>;

const rows: RowToReserve[] = ['a', 'b', 'c', 'd'].map((row) => ({
  ...{ row, question: worst, answer: worst, wantsAnswer: () => true },
}));

/** Rows of which an earlier attempt has bought something. */
export function begunRowsCases(ledgersOf: () => TestLedgers): void {
  let place: string;
  let ledger: Ledger;

  beforeEach(async () => {
    place = await ledgersOf().fresh();
    ledger = await openLedger(place);
  });

  afterEach(async () => {
    expect(await ledger.recount()).toEqual([]);
    await ledger.close();
  });

  async function attemptAndDie(outcomes: Outcomes) {
    await attempt(ledger, outcomes);
    ledger = await openLedger(place);
  }

  test('what is bought in whole or in part comes before what is not begun, and is granted again with it', async () => {
    await ledger.openAccount({ ...charge, budget: { tokens: 800 } });
    // Held after the death: 200 for two lost calls, 90 for three settled ones. 510 are free.
    await attemptAndDie({ a: ['lost'], b: ['lost'], c: ['settled'], d: ['settled', 'settled'] });
    const { granted, overBudget } = await ledger.reserveRows(charge, rows);
    expect(granted.map(({ row }) => row)).toEqual(['d', 'c', 'a', 'b']);
    expect(overBudget).toBeNull();
  });

  test('a row that was paid for is there even where the cap has no room for another', async () => {
    await ledger.openAccount({ ...charge, budget: { tokens: 800 } });
    await attemptAndDie({
      a: ['settled', 'lost'],
      b: ['settled', 'lost'],
      c: ['settled', 'lost'],
      d: ['settled', 'settled'],
    });
    await ledger.setCaps({ kind: 'run', name: 'run' }, { samples: null, tokens: 560, nanoUsd: null }, 'test');
    const { granted, overBudget } = await ledger.reserveRows(charge, rows);
    expect(granted.map(({ row }) => row)).toEqual(['d', 'a']);
    expect(overBudget).toMatchObject({ cap: 'tokens' });
  });
}
