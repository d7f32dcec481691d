import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import type { BoughtRow } from '../../../src/teacher';
import { type Buying, buyWith } from '../../support/buying';
import { type FaultShare, type MisbehavingTeacher, startMisbehavingTeacher } from '../../support/misbehaving-teacher';

/** What endpoints bill, which is not always what they said they would. */

let directory: string;
let ledger: Ledger;
let teacher: MisbehavingTeacher;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-billing-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
  teacher = await startMisbehavingTeacher({ delayMs: 5 });
});

afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  await teacher.close();
  await rm(directory, { recursive: true });
});

const account = { kind: 'run', name: 'run' } as const;

async function buy(faults: readonly FaultShare[], buying: Partial<Buying> = {}): Promise<BoughtRow[] | Error> {
  teacher.behave(faults);
  const request = { ledger: '', baseUrl: teacher.baseUrl, run: 'run', to: 20, withoutRepeats: true, ...buying };
  return buyWith(ledger, request).catch((error: Error) => error);
}

describe('an endpoint that bills more than was reserved', () => {
  const overbilled = [{ kind: 'usage-5000', times: 99 }] as const;

  test.each([
    ['of the run', { budget: { usd: 0.02 } }, { kind: 'run', name: 'run' } as const],
    [
      'of its experiment',
      { experiment: 'e', experimentBudget: { usd: 0.02 } },
      { kind: 'experiment', name: 'e' } as const,
    ],
  ])('stops at the cap %s, says what it bills, and only what was in flight is above', async (_, buying, capped) => {
    const parallel = 4;
    const perCall = 5000 * 150 + 5000 * 600;
    const isOver = async () => (await ledger.account(capped)).committed.nanoUsd > 20_000_000;
    // What is released when a bill comes in may make room for another call; then its bill stops the run again.
    for (let resumes = 0; resumes < 6 && (resumes === 0 || !(await isOver())); resumes += 1) {
      expect(await buy(overbilled, { ...buying, parallel })).toMatchObject({
        kind: 'teacher-refused',
        message: expect.stringMatching(/bills 5000 output tokens with max_tokens 64: .* its cap is \$0\.02/),
      });
      const { states, overruns, bought } = await ledger.callCounts(account);
      expect(states.reserved).toBe(0);
      expect(overruns.calls).toBe(bought.calls);
    }
    expect((await ledger.account(capped)).committed.nanoUsd).toBeLessThanOrEqual(20_000_000 + parallel * perCall);

    // Nothing more is sent, by this run or after a restart; with a higher cap it continues, and nothing is bought twice.
    const { received } = teacher;
    expect(await buy(overbilled, { ...buying, parallel })).toMatchObject({ kind: 'teacher-refused' });
    expect(teacher.received).toBe(received);
    await ledger.setCaps(capped, { samples: null, tokens: null, nanoUsd: 1_000_000_000 }, 'test');
    expect(await buy([], { ...buying, parallel })).toHaveLength(20);
    expect(teacher.received).toBe(40);
  });

  test('within the caps it is booked as billed, and the purchase goes on', async () => {
    expect(await buy(overbilled, { budget: { usd: 1 } })).toHaveLength(20);
    const { inputTokens, outputTokens } = await ledger.spendOf('run');
    expect({ inputTokens, outputTokens }).toEqual({ inputTokens: 200_000, outputTokens: 200_000 });
    expect((await ledger.callCounts(account)).overruns.calls).toBe(40);
  });
});

test('usage that cannot be true is booked at the worst case, and marked', async () => {
  expect(await buy([{ kind: 'usage-absurd', times: 99 }], { budget: { usd: 1 } })).toHaveLength(20);
  const { absurd, overruns } = await ledger.callCounts(account);
  expect({ absurd, overruns: overruns.calls }).toEqual({ absurd: 40, overruns: 0 });
  const { outputTokens } = await ledger.spendOf('run');
  expect(outputTokens).toBe(40 * 64);
});

test('zeros for full answers are no usage: the cap binds', async () => {
  const rows = await buy([{ kind: 'usage-zero', times: 99 }], { budget: { tokens: 12_000 } });
  expect(rows).toEqual(expect.arrayContaining([expect.objectContaining({ state: 'overBudget', cap: 'tokens' })]));
  const { estimated, bought } = await ledger.callCounts(account);
  expect(estimated).toBe(bought.calls);
  expect(bought.outputTokens).toBeGreaterThan(5 * bought.calls);
});

test.each(['usage-reasoning-apart', 'usage-total-apart'] as const)('%s: all the reasoning is charged', async (kind) => {
  await buy([{ kind, times: 99 }], { to: 3 });
  expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 600, outputTokens: 6 * 350 });
});
