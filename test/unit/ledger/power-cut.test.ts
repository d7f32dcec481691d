import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { randomStream } from '../../../src/core/random';
import { openLedger } from '../../../src/store/ledger';

/**
 * A power cut leaves what was synced, and of the last write anything: nothing, a part, or a sector of something else. So a
 * ledger is filled, and each state in which a cut could leave its two files is opened. What a promise had said to be
 * settled must be there, and no account may differ from the sum of its calls.
 */

const charge = { run: 'run', experiment: null };
const account = { kind: 'run', name: 'run' } as const;
const worst = { tokens: 100, nanoUsd: 1000 };
const usage = { inputTokens: 10, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: false };

/** SQLite's WAL: a header, then frames of a page each. */
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const SECTOR_BYTES = 512;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutelage-power-cut-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type OpenLedger = Awaited<ReturnType<typeof openLedger>>;

/** Buys a row in all its steps; resolves once its answer is promised to be stored. */
async function buyRow(ledger: OpenLedger, row: string): Promise<void> {
  const wanted = { row, question: worst, answer: worst, wantsAnswer: () => true };
  const { granted } = await ledger.reserveRows(charge, [wanted]);
  for (const { question, answer } of granted) {
    for (const call of [question, answer]) {
      if (call !== null && 'reservation' in call) {
        await ledger.markSent(call.reservation, `${call.reservation.purpose} ${row}`, () => 0);
        await ledger.settle(call.reservation, { usage, nanoUsd: 10, finish: 'stop', raw: `{"text": "${row}"}` });
      }
    }
  }
}

/** Opens a copy of the files as a new start after the cut would, and says how many answers it has. */
async function settledAfterCut(main: Buffer, wal: Buffer | null): Promise<number> {
  // A file of its own: SQLite shares what it knows of a log among all connections of a process to the same file.
  const path = join(mkdtempSync(join(folder, 'after-')), 'ledger.db');
  writeFileSync(path, main);
  if (wal !== null) {
    writeFileSync(`${path}-wal`, wal);
  }
  const ledger = await openLedger(path);
  expect(await ledger.recount()).toEqual([]);
  const { states } = await ledger.callCounts(account);
  await ledger.close();
  return states.settled;
}

test('a cut at any write of a purchase loses nothing that was settled, and leaves nothing half', async () => {
  const path = join(folder, 'ledger.db');
  const ledger = await openLedger(path);
  await ledger.openAccount({ ...charge, budget: { samples: 100, tokens: 1e6 } });
  const promised: { readonly bytes: number; readonly settled: number }[] = [];
  for (let row = 0; row < 6; row += 1) {
    await buyRow(ledger, `row-${row}`);
    promised.push({ bytes: statSync(`${path}-wal`).size, settled: 2 * (row + 1) });
  }
  const [main, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
  const frameBytes = FRAME_HEADER_BYTES + wal.readUInt32BE(8);
  const stream = randomStream('power-cut');
  let cuts = 0;
  for (let end = WAL_HEADER_BYTES; end <= wal.length; end += frameBytes) {
    const least = Math.max(0, ...promised.filter(({ bytes }) => bytes <= end).map(({ settled }) => settled));
    const torn = end + 1 + Math.floor(stream.next() * (frameBytes - 1));
    const garbage = Buffer.from(wal.subarray(0, Math.min(wal.length, torn)));
    garbage.fill(Math.floor(stream.next() * 256), Math.max(end, garbage.length - SECTOR_BYTES));
    for (const state of [wal.subarray(0, end), wal.subarray(0, torn), garbage]) {
      expect(await settledAfterCut(main, state)).toBeGreaterThanOrEqual(least);
      cuts += 1;
    }
  }
  expect(await settledAfterCut(main, wal)).toBe(12);
  expect(cuts).toBeGreaterThan(60);
  await ledger.close();
});

test('a cut while the log is copied back into the file loses nothing', async () => {
  const path = join(folder, 'ledger.db');
  const ledger = await openLedger(path);
  await ledger.openAccount({ ...charge, budget: { samples: 100, tokens: 1e6 } });
  for (let row = 0; row < 6; row += 1) {
    await buyRow(ledger, `row-${row}`);
  }
  const [before, wal] = [readFileSync(path), readFileSync(`${path}-wal`)];
  const whole = join(folder, 'whole.db');
  copyFileSync(path, whole);
  copyFileSync(`${path}-wal`, `${whole}-wal`);
  const database = new Database(whole);
  database.exec('pragma wal_checkpoint(truncate)');
  database.close();
  const after = readFileSync(whole);
  const pageBytes = before.readUInt16BE(16) === 1 ? 65_536 : before.readUInt16BE(16);
  const pages = after.length / pageBytes;
  const stream = randomStream('checkpoint');
  for (let draw = 0; draw < 40; draw += 1) {
    // The disk may have written any of the pages, and half of one: the log is kept until all of them are synced.
    const mixed = Buffer.alloc(Math.max(before.length, after.length));
    before.copy(mixed);
    for (let page = 0; page < pages; page += 1) {
      const [start, length] = [page * pageBytes, stream.next() < 0.1 ? SECTOR_BYTES : pageBytes];
      if (stream.next() < 0.5) {
        after.copy(mixed, start, start, start + length);
      }
    }
    expect(await settledAfterCut(mixed, wal)).toBe(12);
  }
  expect(await settledAfterCut(after, null)).toBe(12);
  await ledger.close();
});
