import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTutelageError } from '../../../src/core/errors';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import type { BoughtRow } from '../../../src/teacher';
import { type Buying, buyWith, markerKey } from '../../support/buying';
import { type Misbehaviour, readLog, startMisbehavingTeacher } from '../../support/misbehaving-teacher';

let directory: string;
let ledger: Ledger;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-teacher-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
});

afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  for (const name of await readdir(directory)) {
    expect(await readFile(join(directory, name), 'latin1')).not.toContain(
      name === 'teacher.jsonl' ? '\u0000' : markerKey,
    );
  }
  await rm(directory, { recursive: true });
});

async function buyFrom(misbehaviour: Misbehaviour, buying: Partial<Buying> = {}) {
  const log = join(directory, 'teacher.jsonl');
  const teacher = buying.baseUrl === undefined ? await startMisbehavingTeacher({ ...misbehaviour, log }) : null;
  try {
    const rows = await buyWith(ledger, { ledger: '', baseUrl: teacher?.baseUrl ?? '', run: 'run', to: 10, ...buying });
    return { rows, log: readLog(log), spend: await ledger.spendOf('run') };
  } finally {
    await teacher?.close();
  }
}

describe('a failure that cost nothing is asked again and leaves nothing behind', () => {
  const kinds = ['429-ms', '429-seconds', '429-date', '500', 'html', '200-error', '503-api'] as const;
  test.each(kinds)('%s', async (kind) => {
    const undisturbed = await buyFrom({}, { run: 'undisturbed' });
    const { rows, spend } = await buyFrom({ faults: [{ kind, share: 0.3 }] }, { runSeed: 2, run: 'run' });
    expect(rows.map(({ state }) => state)).toEqual(undisturbed.rows.map(() => 'answered'));
    expect(spend).toMatchObject({ samples: 10, unknownCalls: 0 });
  });
});

describe('a lost outcome stays unknown at worst-case price, and the row still comes', () => {
  const kinds = ['reset-before', 'reset-mid', 'broken-json', 'hang', '502-page', '503-page'] as const;
  test.each(kinds)('%s', async (kind) => {
    const { rows, log, spend } = await buyFrom(
      { faults: [{ kind, share: 0.2 }] },
      // Long enough for every other reply on a busy machine.
      { timeoutSeconds: kind === 'hang' ? 4 : 20 },
    );
    const met = log.filter(({ event, fault }) => event === 'received' && fault === kind).length;
    expect(met).toBeGreaterThan(0);
    expect(spend).toMatchObject({ samples: 10, unknownCalls: met });
    expect(spend.unknownUsd).toBeGreaterThan(0);
    expect(rows.every(({ state }) => state === 'answered')).toBe(true);
    expect(await ledger.unknownCalls(null)).toHaveLength(met);
  });
});

describe('a reply that cannot be used is kept and paid, and its sample is free again', () => {
  test.each([
    ['truncate', 'cut off at teacher.max_tokens'],
    ['empty', 'the reply has no text'],
    ['finish-error', 'the reply ended with finish_reason error'],
  ] as const)('%s', async (kind, reason) => {
    const { rows, spend } = await buyFrom({ faults: [{ kind, times: 9 }] });
    expect(rows).toHaveLength(10);
    for (const row of rows) {
      expect(row).toMatchObject({ state: 'rejected', stage: 'question', reason });
    }
    expect(spend.samples).toBe(0);
    expect(spend.usd).toBeGreaterThan(0);
  });

  test('a reply without end is cut at what teacher.max_tokens can need, and paid for as if it had all of them', async () => {
    const { rows, spend } = await buyFrom({ faults: [{ kind: 'endless', times: 9 }] }, { to: 2 });
    const reason = 'the reply ended with an error: "more than 1,114,112 bytes for 64 tokens"';
    expect(rows).toEqual([
      expect.objectContaining({ state: 'rejected', stage: 'question', reason }),
      expect.objectContaining({ state: 'rejected', stage: 'question', reason }),
    ]);
    expect(spend).toMatchObject({ samples: 0, unknownCalls: 0, outputTokens: 128 });
  });

  test('without usage the tokens are estimated from the text, never too little, and marked', async () => {
    const counted = await buyFrom({}, { run: 'counted' });
    const { usd } = await ledger.spendOf('counted');
    const { rows, spend } = await buyFrom({ faults: [{ kind: 'no-usage' }] });
    expect(rows.map(({ state }) => state)).toEqual(counted.rows.map(() => 'answered'));
    expect(spend.inputTokens).toBeGreaterThan((await ledger.spendOf('counted')).inputTokens);
    expect(spend.usd).toBeGreaterThan(usd);
    expect(spend.usd).toBeLessThan(4 * usd);
    expect((await ledger.callCounts({ kind: 'run', name: 'run' })).estimated).toBe(20);
  });
});

describe('an endpoint that refuses everything pauses the run with the next step, and costs nothing', () => {
  test.each([
    ['quota', /429/, /add credit/],
    ['401', /401/, /TEST_KEY/],
    ['403', /403/, /TEST_KEY/],
    ['404', /404/, /teacher\.model/],
    ['402', /402: Insufficient credits/, /add credit/],
    ['400-credit', /400: Your credit balance is too low/, /add credit/],
    ['405', /405: Method Not Allowed/, /teacher\.base_url/],
    ['400-flat', /refused \d+ of 10 rows.*maximum context length/, /configuration/],
    ['400', /refused \d+ of 10 rows.*400/, /configuration/],
  ] as const)('%s', async (kind, message, hint) => {
    const error: unknown = await buyFrom({ faults: [{ kind, times: 99 }] }).catch((failure: unknown) => failure);
    if (!isTutelageError(error)) {
      throw error;
    }
    expect(error.kind).toBe('teacher-refused');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain(markerKey);
    const { committed } = await ledger.account({ kind: 'run', name: 'run' });
    expect(committed).toEqual({ samples: 0, tokens: 0, nanoUsd: 0 });
  });
});

test('a few refused rows fail with their reason, the others come', async () => {
  const { rows, spend } = await buyFrom({ faults: [{ kind: '400', share: 0.05, times: 99 }] }, { to: 40, batch: 40 });
  const failed = rows.filter(({ state }) => state === 'rejected');
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.every((row) => row.state === 'rejected' && row.reason.includes('400'))).toBe(true);
  expect(spend.samples).toBe(40 - failed.length);
});

test('what is settled is never asked again: not by the same run, not by another', async () => {
  const log = join(directory, 'teacher.jsonl');
  const teacher = await startMisbehavingTeacher({ log });
  try {
    const { baseUrl } = teacher;
    const first = await buyFrom({}, { baseUrl });
    const again = await buyFrom({}, { baseUrl });
    const other = await buyFrom({}, { baseUrl, run: 'other' });
    expect(again.rows).toEqual(first.rows);
    expect(other.rows).toEqual(first.rows);
    expect(other.log).toHaveLength(first.log.length);
    expect(await ledger.spendOf('other')).toEqual(first.spend);
    expect((await ledger.billOf({ kind: 'run', name: 'other' })).calls).toBe(0);
  } finally {
    await teacher.close();
  }
});

test('a cap in money cuts at the same row however the calls are spread', async () => {
  const budget = { usd: 0.0025 };
  const serial = await buyFrom({}, { run: 'serial', budget, to: 25, parallel: 1 });
  const parallel = await buyFrom({ delayMs: 5 }, { run: 'parallel', budget, to: 25, parallel: 25 });
  // The two teachers' addresses differ, and with them the requests' names.
  const withoutNames = (rows: readonly BoughtRow[]) =>
    rows.map(({ row: _, ...rest }) => ({ ...rest, questionRequest: null, answerRequest: null }));
  expect(withoutNames(parallel.rows)).toEqual(withoutNames(serial.rows));
  const states = serial.rows.map(({ state }) => state);
  expect(states.indexOf('overBudget')).toBeGreaterThan(5);
  expect(states.slice(states.indexOf('overBudget')).every((state) => state === 'overBudget')).toBe(true);
});

test('a cancelled purchase keeps what was out and releases the rest', async () => {
  const stop = new AbortController();
  const teacher = await startMisbehavingTeacher({
    delayMs: 50,
    onReceived: (count) => count === 4 && stop.abort(new Error('stopped for the test')),
  });
  try {
    const from = { ledger: '', baseUrl: teacher.baseUrl, run: 'run', to: 10, parallel: 4 };
    const buying = buyWith(ledger, from, stop.signal);
    await expect(buying).rejects.toThrow('stopped for the test');
    const counts = await ledger.callCounts({ kind: 'run', name: 'run' });
    expect(counts.states).toEqual({ reserved: 0, settled: 4, unknown: 0, released: 16 });
    expect(teacher.received).toBe(4);
  } finally {
    await teacher.close();
  }
});

test('a step of four rows waits for credit like any other', async () => {
  const buying = buyFrom({ faults: [{ kind: '402', times: 99 }] }, { to: 4 });
  await expect(buying).rejects.toMatchObject({ kind: 'teacher-refused', hint: expect.stringContaining('add credit') });
});

test('one flagged input fails its row alone', async () => {
  const { rows } = await buyFrom({ faults: [{ kind: '403-flagged', share: 0.05, times: 99 }] }, { to: 40, batch: 40 });
  const failed = rows.filter(({ state }) => state === 'rejected');
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.every((row) => row.state === 'rejected' && row.reason.includes('flagged'))).toBe(true);
});

describe('a reply in another form is the same reply', () => {
  test.each(['think', 'events'] as const)('%s', async (kind) => {
    const log = join(directory, 'teacher.jsonl');
    const teacher = await startMisbehavingTeacher({ log });
    try {
      const usual = await buyFrom({}, { baseUrl: teacher.baseUrl });
      // The same requests in another workspace, with the same names.
      const elsewhere = await openLedger(join(directory, 'other.db'));
      teacher.behave([{ kind, times: 99 }]);
      const rows = await buyWith(elsewhere, { ledger: '', baseUrl: teacher.baseUrl, run: 'run', to: 10 });
      await elsewhere.close();
      expect(rows).toEqual(usual.rows);
    } finally {
      await teacher.close();
    }
  });
});

test('a retry after a lost reply has the key of the first attempt, one after a refusal has another', async () => {
  const keysOf = async (kind: 'reset-before' | '500', run: string) => {
    const { log } = await buyFrom({ faults: [{ kind }] }, { to: 1, run, runSeed: run.length });
    const received = log.filter(({ event, fault }) => event === 'received' && (fault === kind || fault === null));
    const first = received.find(({ fault }) => fault === kind)?.request;
    return received.filter(({ request }) => request === first).map(({ idempotencyKey }) => idempotencyKey);
  };
  const lost = await keysOf('reset-before', 'lost');
  expect(lost).toHaveLength(2);
  expect(new Set(lost).size).toBe(1);
  expect(lost[0]).toMatch(/^[0-9a-f]{64}-0$/);
  const refused = await keysOf('500', 'refused');
  expect(refused.map((key) => key.slice(64))).toEqual(['-0', '-1']);
});

test('a retry after a lost reply goes out on a fresh connection, one after a refusal on the same', async () => {
  const connectionsOf = async (kind: 'broken-json' | '500', run: string) => {
    const { log } = await buyFrom({ faults: [{ kind }] }, { to: 1, parallel: 1, run, runSeed: run.length });
    const received = log.filter(({ event, fault }) => event === 'received' && (fault === kind || fault === null));
    const first = received.find(({ fault }) => fault === kind)?.request;
    return received.filter(({ request }) => request === first).map(({ connection }) => connection);
  };
  const lost = await connectionsOf('broken-json', 'lost');
  expect(new Set(lost).size).toBe(2);
  const refused = await connectionsOf('500', 'refused');
  expect(refused).toHaveLength(2);
  expect(new Set(refused).size).toBe(1);
});

test('an endpoint of so many requests a time, which never says when, gives every row; the wait names the setting', async () => {
  const teacher = await startMisbehavingTeacher({ rate: { requests: 30, windowMs: 6000 }, delayMs: 20 });
  const waits = new Set<string>();
  try {
    const rows = await buyWith(
      ledger,
      { ledger: '', baseUrl: teacher.baseUrl, run: 'run', to: 40, batch: 40, withoutRepeats: true },
      undefined,
      { onProgress: ({ waiting }) => waiting !== null && waits.add(waiting) },
    );
    expect(rows.every(({ state }) => state === 'answered')).toBe(true);
    expect(await ledger.spendOf('run')).toMatchObject({ samples: 40, unknownCalls: 0 });
    expect([...waits].join()).toMatch(/it answered \d+ requests in the last minute; teacher\.requests_per_minute/);
    // One pause for everyone and a learned pace: hardly more refusals than answers.
    expect(teacher.received).toBeLessThan(80 + 160);
  } finally {
    await teacher.close();
  }
}, 120_000);
