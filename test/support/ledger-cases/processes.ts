import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import type { BoughtRow } from '../../../src/teacher';
import type { Buying } from '../buying';
import { type Misbehaviour, readLog, startMisbehavingTeacher } from '../misbehaving-teacher';
import type { TestLedgers } from '../test-ledgers';

/** What holds between processes: caps, single purchases, and what a killed buyer leaves behind. */
export function processCases(ledgersOf: () => TestLedgers): void {
  let directory: string;
  let place: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tutelage-processes-'));
    place = await ledgersOf().fresh();
  });

  afterEach(() => rm(directory, { recursive: true }));

  async function withTeacher(misbehaviour: Misbehaviour, work: (baseUrl: string, log: string) => Promise<void>) {
    const log = join(directory, 'teacher.jsonl');
    const teacher = await startMisbehavingTeacher({ ...misbehaviour, log });
    try {
      await work(teacher.baseUrl, log);
    } finally {
      await teacher.close();
    }
  }

  async function looking<T>(look: (ledger: Ledger) => Promise<T>): Promise<T> {
    const ledger = await openLedger(place);
    try {
      expect(await ledger.recount()).toEqual([]);
      return await look(ledger);
    } finally {
      await ledger.close();
    }
  }

  const twoRuns = (baseUrl: string, extra: Partial<Buying>) => [
    startBuyer({ ledger: place, baseUrl, run: 'one', experiment: 'e', from: 0, to: 100, batch: 100, ...extra }),
    startBuyer({ ledger: place, baseUrl, run: 'two', experiment: 'e', from: 100, to: 200, batch: 100, ...extra }),
  ];

  describe('two processes with 64 parallel calls each never pass the cap of their experiment, and use it up', () => {
    // A row costs 2 calls of at most some thousand tokens; the cap is used up when one more row at its worst does not fit.
    test.each([
      ['samples', { samples: 70 }],
      ['tokens', { tokens: 90_000 }],
      ['usd', { usd: 0.014 }],
    ] as const)(
      '%s',
      async (_, experimentBudget) => {
        await withTeacher({ delayMs: 10 }, async (baseUrl) => {
          const buyers = twoRuns(baseUrl, { experimentBudget });
          const rows = (await Promise.all(buyers.map((buyer) => buyer.rows))).flatMap((some) => some ?? []);
          expect(rows).toHaveLength(200);
          const refused = rows.filter(({ state }) => state === 'overBudget');
          expect(refused.length).toBeGreaterThan(0);
          await looking(async (ledger) => {
            const { caps, committed } = await ledger.account({ kind: 'experiment', name: 'e' });
            const row = { samples: 1, tokens: 4500, nanoUsd: 750_000 };
            for (const cap of ['samples', 'tokens', 'nanoUsd'] as const) {
              const limit = caps[cap] ?? Number.POSITIVE_INFINITY;
              expect(committed[cap]).toBeLessThanOrEqual(limit);
              if (limit < Number.POSITIVE_INFINITY) {
                expect(committed[cap]).toBeGreaterThan(limit - row[cap]);
              }
            }
            expect(refused.every((one) => one.state === 'overBudget' && one.account === 'experiment')).toBe(true);
          });
        });
      },
      60_000,
    );
  });

  test('equal requests of two processes are bought once, and both runs are charged for them', async () => {
    await withTeacher({ delayMs: 20 }, async (baseUrl, log) => {
      const buyers = twoRuns(baseUrl, { from: 0, to: 60 });
      const [one, two] = await Promise.all(buyers.map((buyer) => buyer.rows));
      expect(one).toEqual(two);
      const received = readLog(log).filter(({ event }) => event === 'received');
      expect(new Set(received.map(({ request }) => request)).size).toBe(received.length);
      await looking(async (ledger) => {
        expect(await ledger.spendOf('one')).toEqual(await ledger.spendOf('two'));
        expect((await ledger.billOf(null)).calls).toBe(received.length);
      });
    });
  }, 60_000);

  test('a buyer killed again and again ends with the rows of an uninterrupted one, and buys no stored answer twice', async () => {
    const uninterrupted = withoutNames(await buyUninterrupted());
    await withTeacher({ delayMs: 30 }, async (baseUrl, log) => {
      const buying = { ledger: place, baseUrl, run: 'run', budget: { samples: 100 }, to: 100, parallel: 16 };
      for (const rowsBefore of [10, 60, 130]) {
        await killWhen(startBuyer(buying).child, () => answered(log) >= rowsBefore);
      }
      const rows = await startBuyer(buying).rows;
      expect(withoutNames(rows ?? [])).toEqual(uninterrupted);
      await looking(async (ledger) => {
        const unknown = await ledger.unknownCalls(null);
        const received = readLog(log).filter(({ event }) => event === 'received');
        const again = received.length - new Set(received.map(({ request }) => request)).size;
        expect(again).toBeLessThanOrEqual(unknown.length);
        // Three kills, 16 in flight at each.
        expect(unknown.length).toBeLessThanOrEqual(3 * 16);
        expect((await ledger.spendOf('run')).samples).toBe(100);
        expect((await ledger.callCounts({ kind: 'run', name: 'run' })).states.reserved).toBe(0);
      });
    });
  }, 90_000);

  async function buyUninterrupted(): Promise<BoughtRow[]> {
    let rows: BoughtRow[] | null = null;
    await withTeacher({}, async (baseUrl) => {
      rows = await startBuyer({ ledger: await ledgersOf().fresh(), baseUrl, run: 'run', to: 100 }).rows;
    });
    await rm(join(directory, 'teacher.jsonl'));
    return rows ?? [];
  }
}

/** A buyer as its own process. */
export function startBuyer(buying: Buying) {
  const argument = JSON.stringify(buying);
  const script = join(__dirname, '../buying.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env },
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
  });
  const rows = new Promise<BoughtRow[] | null>((resolve) => {
    child.on('close', (code) => resolve(code === 0 ? (JSON.parse(output) as BoughtRow[]) : null));
  });
  return { child, rows };
}

/** The teachers' addresses differ, and with them the names of requests and rows. */
const withoutNames = (rows: readonly BoughtRow[]) =>
  rows.map((row) => ({ ...row, row: '', questionRequest: '', answerRequest: '' }));

function answered(log: string): number {
  try {
    return readLog(log).filter(({ event }) => event === 'answered').length;
  } catch {
    return 0;
  }
}

async function killWhen(child: ChildProcess, isTime: () => boolean): Promise<void> {
  const closed = new Promise((resolve) => child.on('close', resolve));
  const timer = setInterval(() => isTime() && child.kill('SIGKILL'), 5);
  await closed;
  clearInterval(timer);
}
