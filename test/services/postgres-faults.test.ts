import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { type Ledger, openLedger, type Reservation } from '../../src/store/ledger';
import { buyWith } from '../support/buying';
import { type Cut, startCuttingProxy } from '../support/cutting-proxy';
import { startBuyer } from '../support/ledger-cases/processes';
import { readLog, startMisbehavingTeacher } from '../support/misbehaving-teacher';
import { type Postgres, startPostgres } from '../support/postgres';
import { until } from '../support/processes';

/** What several machines and a network between them add: cuts, restarts, hosts that are slow or gone, refusals. */
let postgres: Postgres;
let place: string;
const charge = { run: 'run', experiment: 'e' };
const worst = { tokens: 100, nanoUsd: 1000 };
const usage = { inputTokens: 10, cachedTokens: 0, outputTokens: 5, reasoningTokens: 0, estimated: false };
const outcome = { usage, nanoUsd: 15, finish: 'stop' as const, raw: '{"the": "answer"}' };

beforeAll(async () => {
  postgres = await startPostgres();
  process.env.PGPASSWORD = postgres.password;
});

beforeEach(async () => {
  place = await postgres.createDatabase();
});

afterAll(() => postgres.stop());

const tables = (statement: string) => postgres.query(`set search_path = tutelage; ${statement}`, place);

async function reserve(ledger: Ledger, names: readonly string[]): Promise<Reservation[]> {
  const rows = names.map((row) => ({ row, question: worst, answer: worst, wantsAnswer: () => true }));
  const { granted } = await ledger.reserveRows(charge, rows);
  return granted.flatMap(({ question, answer }) =>
    [question, answer].flatMap((call) => (call !== null && 'reservation' in call ? [call.reservation] : [])),
  );
}

const send = (ledger: Ledger, call: Reservation) => ledger.markSent(call, `${call.purpose} ${call.row}`, () => 0);

async function expectSound(states: Readonly<Record<string, number>>): Promise<void> {
  const counted = await tables('select state, count(*)::integer as calls from calls group by state order by state');
  expect(Object.fromEntries(counted.map(({ state, calls }) => [state, calls]))).toEqual(states);
  const ledger = await openLedger(place);
  expect(await ledger.recount()).toEqual([]);
  expect(
    await tables(
      'select call from answers full join calls on call = id and state = $$settled$$ where call is null and state = $$settled$$',
    ),
  ).toEqual([]);
  await ledger.close();
}

test('a connection cut at a commit leaves each change done once, whether the commit had arrived or not', async () => {
  const proxy = await startCuttingProxy(postgres);
  const ledger = await openLedger(place.replace(`:${postgres.port}/`, `:${proxy.port}/`));
  await ledger.openAccount({ ...charge, budget: {} });
  const cuts: Cut[] = ['before the commit', 'after the commit', 'with the commit on its way'];
  for (const cut of [...cuts, ...cuts]) {
    proxy.cutNext([cut]);
    const calls = await reserve(
      ledger,
      ['a', 'b', 'c'].map((row) => `${row} ${Math.random()}`),
    );
    proxy.cutNext([cut, cut]);
    const decisions = await Promise.all(calls.map((call) => send(ledger, call)));
    expect(decisions).toEqual(calls.map(() => ({ send: true })));
    proxy.cutNext([cut]);
    await Promise.all(calls.map((call) => ledger.settle(call, outcome)));
    expect(proxy.left).toBe(0);
  }
  await ledger.close();
  await proxy.close();
  await expectSound({ settled: 36 });
});

test('a restarted server is waited for: every row is bought, each request once', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tutelage-restarts-'));
  const log = join(directory, 'teacher.jsonl');
  let restarting = Promise.resolve();
  const teacher = await startMisbehavingTeacher({
    delayMs: 20,
    log,
    onReceived: (count) => {
      if (count === 40 || count === 120) {
        restarting = restarting.then(() => postgres.restart());
      }
    },
  });
  const ledger = await openLedger(place);
  const rows = await buyWith(ledger, {
    ...{ ledger: place, baseUrl: teacher.baseUrl, run: 'run', experiment: 'e', to: 100, parallel: 16 },
    ...{ budget: { samples: 100 }, withoutRepeats: true },
  });
  await restarting;
  await ledger.close();
  await teacher.close();
  expect(rows.filter(({ state }) => state === 'answered')).toHaveLength(100);
  expect(readLog(log).filter(({ event }) => event === 'received')).toHaveLength(200);
  await rm(directory, { recursive: true });
  await expectSound({ settled: 200 });
});

test('a server that stays away ends in a sentence, and what was in flight in unknown', async () => {
  const ledger = await openLedger(place, { waitMsMax: 500 });
  await ledger.openAccount({ ...charge, budget: {} });
  const [sent, other] = (await reserve(ledger, ['a'])) as [Reservation, Reservation];
  await send(ledger, sent);
  await postgres.down();
  const [first, second] = await Promise.all(
    [ledger.settle(sent, outcome), ledger.release([other])].map((change) => change.catch((error: unknown) => error)),
  );
  for (const error of [first, second]) {
    expect(error).toMatchObject({
      kind: 'transient',
      message: expect.stringContaining(`PostgreSQL at 127.0.0.1:${postgres.port}, database ledger_`),
      hint: expect.stringContaining('TUTELAGE_LEDGER'),
    });
    expect(inspect(error, { depth: 9 })).not.toContain(postgres.password);
  }
  await postgres.up();
  await reserve(ledger, ['b']);
  await ledger.close();
  await expectSound({ released: 3, unknown: 1 });
});

/** As if the session's process were on another machine. */
const elsewhere = () => tables("update sessions set host = 'another', boot = 'another' where ended = 0");
const leaseOut = () => tables('update sessions set lease_until = 1 where ended = 0');

test('a machine is not taken for dead for the time in which the database itself was away', async () => {
  await postgres.restart();
  const away = await openLedger(place);
  await away.openAccount({ ...charge, budget: {} });
  const calls = await reserve(away, ['a']);
  await elsewhere();
  await leaseOut();
  const here = await openLedger(place);
  expect(await here.recover()).toBe(0);
  await Promise.all(calls.map((call) => send(away, call)));
  await Promise.all(calls.map((call) => away.settle(call, outcome)));
  await Promise.all([away.close(), here.close()]);
  await expectSound({ settled: 2 });
});

test('six processes on one budget, killed again and again, use it up and never pass it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tutelage-killed-'));
  const log = join(directory, 'teacher.jsonl');
  const teacher = await startMisbehavingTeacher({ delayMs: 10, log });
  const start = (index: number) =>
    startBuyer({
      ...{ ledger: place, baseUrl: teacher.baseUrl, run: `run-${index}`, experiment: 'e', parallel: 16 },
      ...{
        from: 40 * index,
        to: 40 * (index + 1),
        batch: 10,
        withoutRepeats: true,
        experimentBudget: { samples: 150 },
      },
    });
  await (await openLedger(place)).close();
  const runs = Array.from({ length: 6 }, (_, index) => index);
  const killed = runs.map(start);
  // A cap is never passed at any instant, so not at this one either.
  const most = async () =>
    Number((await tables("select samples from accounts where kind = 'experiment'")).at(-1)?.samples ?? 0);
  await until(async () => (await most()) > 60, 60_000);
  for (const { child } of killed) {
    child.kill('SIGKILL');
  }
  await Promise.all(killed.map(({ rows }) => rows));
  expect(await most()).toBeLessThanOrEqual(150);
  const rows = (await Promise.all(runs.map((index) => start(index).rows))).flatMap((some) => some ?? []);
  await teacher.close();
  expect(rows).toHaveLength(240);
  expect(rows.filter(({ state }) => state === 'answered')).toHaveLength(150);
  const ledger = await openLedger(place);
  expect(await ledger.recount()).toEqual([]);
  const unknown = await ledger.unknownCalls(null);
  const received = readLog(log).filter(({ event }) => event === 'received');
  expect(received.length - new Set(received.map(({ request }) => request)).size).toBeLessThanOrEqual(unknown.length);
  expect((await ledger.account({ kind: 'experiment', name: 'e' })).committed.samples).toBe(150);
  await ledger.close();
  await rm(directory, { recursive: true });
}, 120_000);

test('a machine whose lease ran out has lost its calls: it cannot settle or send them, and reserves as a new session', async () => {
  const upFor = 'select extract(epoch from clock_timestamp() - pg_postmaster_start_time())::integer as seconds';
  await until(async () => Number((await postgres.query(upFor))[0]?.seconds) > 60, 70_000);
  const slow = await openLedger(place);
  await slow.openAccount({ ...charge, budget: {} });
  const [sent, unsent] = (await reserve(slow, ['a'])) as [Reservation, Reservation];
  await send(slow, sent);
  await elsewhere();
  const here = await openLedger(place);
  expect(await here.recover()).toBe(0);
  expect(
    (await here.reserveRows(charge, [{ row: 'a', question: worst, answer: worst, wantsAnswer: () => true }]))
      .overBudget,
  ).toBe('busy');
  await leaseOut();
  expect(await here.recover()).toBe(1);
  await expect(send(slow, unsent)).rejects.toThrow('is no longer reserved');

  const again = await reserve(here, ['a']);
  await Promise.all(again.map((call) => send(here, call)));
  await expect(slow.settle(sent, outcome)).rejects.toThrow('is no longer reserved');
  await Promise.all(again.map((call) => here.settle(call, outcome)));

  const next = await reserve(slow, ['b']);
  await Promise.all(next.map((call) => send(slow, call)));
  await Promise.all(next.map((call) => slow.settle(call, outcome)));
  await Promise.all([slow.close(), here.close()]);
  await expectSound({ released: 1, settled: 4, unknown: 1 });
}, 100_000);

describe('what PostgreSQL refuses is said with the next step', () => {
  const refusal = (address: string, environment: Record<string, string | undefined> = {}) => {
    const before = { ...process.env };
    Object.assign(process.env, environment);
    return openLedger(address)
      .then(
        () => null,
        (error: unknown) => error,
      )
      .finally(() => Object.assign(process.env, before));
  };

  async function check(address: string, expected: { message: RegExp; hint: RegExp }) {
    const error = await refusal(address);
    expect(error).toMatchObject({
      message: expect.stringMatching(expected.message),
      hint: expect.stringMatching(expected.hint),
    });
    expect(inspect(error, { depth: 9 })).not.toContain(postgres.password);
  }

  test('nothing listens there', () =>
    check('postgres://tutelage@127.0.0.1:1/ledger', {
      message: /127\.0\.0\.1:1, database ledger does not answer/,
      hint: /start it/,
    }));

  test('a wrong password', async () => {
    const error = await refusal(place, { PGPASSWORD: 'a-wrong-password' });
    expect(error).toMatchObject({ kind: 'missing', message: expect.stringContaining('does not let tutelage in') });
    expect(inspect(error, { depth: 9 })).not.toContain('a-wrong-password');
  });

  test('no password', async () => {
    const given = process.env.PGPASSWORD;
    delete process.env.PGPASSWORD;
    const error = await openLedger(place).catch((failure: unknown) => failure);
    process.env.PGPASSWORD = given;
    expect(error).toMatchObject({ kind: 'missing', hint: expect.stringContaining('set PGPASSWORD') });
  });

  test('a database that is not there', () =>
    check(place.replace(/ledger_\d+$/, 'nowhere'), {
      message: /has no database nowhere/,
      hint: /^make it with: createdb .* nowhere$/,
    }));

  test('no right to make tables', async () => {
    await postgres.query(`create role plain login password '${postgres.password}'`);
    await check(place.replace('tutelage@', 'plain@'), {
      message: /permission denied/,
      hint: /GRANT CREATE ON DATABASE/,
    });
  });

  test('an encrypted connection that the server does not offer', () =>
    check(`${place}?sslmode=verify-full`, { message: /no encrypted connection/, hint: /sslmode/ }));

  test('an address that is none, with a password in it', () =>
    check(`postgres://tutelage:${postgres.password}@[broken/ledger`, {
      message: /is not an address/,
      hint: /PGPASSWORD/,
    }));
});

test('the password is in no table and in no line of the server log', async () => {
  const ledger = await openLedger(place.replace('tutelage@', `tutelage:${postgres.password}@`));
  await ledger.openAccount({ ...charge, budget: {} });
  await reserve(ledger, ['a']);
  for (const table of ['calls', 'answers', 'accounts', 'cap_changes', 'sessions', 'version']) {
    expect(JSON.stringify(await tables(`select * from ${table}`))).not.toContain(postgres.password);
  }
  await ledger.close();
  expect(await postgres.log()).not.toContain(postgres.password);
});
