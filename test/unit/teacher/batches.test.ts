import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TeacherConfig } from '../../../src/core/config/schema';
import { isTutelageError } from '../../../src/core/errors';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import { type BatchJob, type BatchRound, createTeacher, type Teacher } from '../../../src/teacher';
import { demoTask, markerKey } from '../../support/buying';
import {
  type MisbehavingTeacher,
  type Misbehaviour,
  readLog,
  startMisbehavingTeacher,
} from '../../support/misbehaving-teacher';

let directory: string;
let ledger: Ledger;
let double: MisbehavingTeacher;
let teacher: Teacher;

const account = { run: 'run', experiment: null };
const pool = [...demoTask.makeData(1).pool];
const orders = pool.slice(0, 60).map((seed, rank) => ({ rank, seed, askedBefore: 0 }));
const round: BatchRound = { name: 'round', account, orders, runSeed: 1 };
const logFile = () => join(directory, 'teacher.jsonl');

async function open(misbehaviour: Misbehaviour, budget: { tokens?: number } = {}): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-batches-'));
  double = await startMisbehavingTeacher({ ...misbehaviour, log: logFile() });
  await reopen();
  await ledger.openAccount({ ...account, budget });
}

/** As another process would find it. */
async function reopen(mode: TeacherConfig['mode'] = 'batch'): Promise<void> {
  await ledger?.close().catch(() => {});
  ledger = await openLedger(join(directory, 'ledger.db'));
  const config: TeacherConfig = {
    ...{ provider: 'openai', model: 'double', base_url: double.baseUrl, api_key_env: 'KEY', temperature: 1 },
    ...{ max_tokens: 64, price: { input: 1, output: 10 }, max_parallel_requests: 8, timeout_seconds: 5 },
    ...{ mode, batch_discount: 0.5, batch_poll_seconds: 1, failing_share_max: 0.2 },
  };
  teacher = createTeacher({ config, task: demoTask, ledger, environment: { KEY: markerKey } });
}

const buyRows = () => teacher.buyRows({ account, orders, runSeed: 1, signal: new AbortController().signal });

/** Jobs until the round needs none; answers how many there were. */
async function buyByJobs(): Promise<number> {
  for (let jobs = 0; ; jobs += 1) {
    const job = await teacher.batches.submit(round);
    if (job === null) {
      return jobs;
    }
    if (job === 'in-flight' || jobs > 40) {
      throw new Error('the jobs have no end');
    }
    expect(await teacher.batches.isEnded(job.id)).toBe(true);
    await teacher.batches.collect(round, job.id);
  }
}

async function submitOne(): Promise<BatchJob> {
  const job = await teacher.batches.submit(round);
  if (job === null || job === 'in-flight') {
    throw new Error('a job was wanted');
  }
  return job;
}

afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  const { states } = await ledger.callCounts({ kind: 'run', name: 'run' });
  expect(states.reserved).toBe(0);
  await ledger.close();
  await double.close();
  await rm(directory, { recursive: true });
});

function resent(): number {
  const received = readLog(logFile()).filter(({ event }) => event === 'received');
  return received.length - new Set(received.map(({ request }) => request)).size;
}

test('a round is two jobs, and its rows are those of single requests, at the discount', async () => {
  await open({});
  expect(await buyByJobs()).toBe(2);
  const rows = await buyRows();
  const spend = await ledger.spendOf('run');
  expect(double.batches.jobs).toHaveLength(2);
  expect(resent()).toBe(0);
  expect(spend).toMatchObject({ samples: 60, unknownCalls: 0 });

  // Another workspace, request by request.
  await rm(join(directory, 'ledger.db'));
  await reopen('live');
  await ledger.openAccount({ ...account, budget: {} });
  expect(await buyRows()).toEqual(rows);
  expect((await ledger.spendOf('run')).usd / spend.usd).toBeCloseTo(2, 1);
});

test('what expired or failed is asked for again, and nothing else', async () => {
  await open({ batches: { expiredShare: 0.2, failedShare: 0.2 } });
  expect(await buyByJobs()).toBeGreaterThan(2);
  const rows = await buyRows();
  expect(rows.every(({ state }) => state === 'answered')).toBe(true);
  expect(resent()).toBe(0);
  expect(await ledger.spendOf('run')).toMatchObject({ samples: 60, unknownCalls: 0 });
});

test('a process that dies after any step leaves a job that the next one finds', async () => {
  await open({});
  const first = await submitOne();
  // Died before the job was written down.
  await reopen();
  expect(await teacher.batches.submit(round)).toEqual(first);
  // Died before it was collected; then in the middle of it, which is the same with fewer left.
  await reopen();
  await teacher.batches.collect(round, first.id);
  await reopen();
  await teacher.batches.collect(round, first.id);
  expect(await buyByJobs()).toBe(1);
  expect(double.batches.jobs).toHaveLength(2);
  expect(resent()).toBe(0);
  expect((await buyRows()).every(({ state }) => state === 'answered')).toBe(true);
});

test('a cancelled job is not waited for, and what it had not done costs nothing', async () => {
  await open({ batches: { delayMs: 60_000 } });
  const job = await submitOne();
  await teacher.batches.cancel(job.id);
  expect(await teacher.batches.isEnded(job.id)).toBe(true);
  await teacher.batches.collect(round, job.id);
  expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 0, unknownCalls: 0 });
  double.batches.behaviour = {};
  expect(await buyByJobs()).toBe(2);
});

test('a job that the endpoint does not take pauses the run with its reason, and costs nothing', async () => {
  await open({ batches: { refusal: 'the model gpt-9 does not exist' } });
  const job = await submitOne();
  const error: unknown = await teacher.batches.collect(round, job.id).catch((failure: unknown) => failure);
  expect(isTutelageError(error) && error.message).toMatch(/did not take batch job .*: the model gpt-9 does not exist/);
  expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 0, unknownCalls: 0 });
  double.batches.behaviour = {};
  expect(await buyByJobs()).toBe(2);
});

test('a cap cuts a round at its last rows', async () => {
  await open({}, { tokens: 20_000 });
  await buyByJobs();
  const states = (await buyRows()).map(({ state }) => state);
  expect(states).toContain('answered');
  expect(states.slice(states.indexOf('overBudget')).every((state) => state === 'overBudget')).toBe(true);
  const { committed } = await ledger.account({ kind: 'run', name: 'run' });
  expect(committed.tokens).toBeLessThanOrEqual(20_000);
});

describe('what is wrong with one line, file or job is that line, file or job alone', () => {
  test('a line that stays refused is given up after three jobs, and its row is rejected', async () => {
    const refused = orders[7]?.seed.question ?? '';
    await open({
      batches: { isRefused: (body) => JSON.stringify(body).includes(JSON.stringify(refused).slice(1, -1)) },
    });
    expect(await buyByJobs()).toBeLessThanOrEqual(5);
    await teacher.batches.close(round.name);
    const states = (await buyRows()).map(({ state }) => state);
    expect(states.filter((state) => state === 'rejected').length).toBeGreaterThanOrEqual(1);
    expect(states.filter((state) => state === 'answered').length).toBeGreaterThan(50);
  });

  test('a job whose lines all expire is asked three times', async () => {
    await open({ batches: { spoil: ({ output }) => ({ output: [], errors: output.map(asExpired) }) } });
    expect(await buyByJobs()).toBe(3);
    expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 0, unknownCalls: 0 });
    await teacher.batches.close(round.name);
    const rows = await purchaseOf();
    expect(rows).toMatch(/no batch job answered it/);
  });

  test('a job that completes without files leaves its calls unknown, and the jobs end', async () => {
    await open({ batches: { spoil: () => ({ output: null, errors: null }) } });
    expect(await buyByJobs()).toBe(3);
    expect((await ledger.spendOf('run')).unknownCalls).toBe(3 * distinctQuestions());
  });

  test('a broken line makes its own call unknown, and every other answer is kept', async () => {
    const spoil = ({ output, errors }: { output: string[]; errors: string[] }) => ({
      output: output.map((line, index) => (index === 3 ? line.slice(0, 40) : line)),
      errors,
    });
    await open({ batches: { spoil } });
    const job = await submitOne();
    expect(await teacher.batches.isEnded(job.id)).toBe(true);
    expect(await teacher.batches.collect(round, job.id)).toEqual({ settled: job.requests - 1, isFull: false });
    expect((await ledger.spendOf('run')).unknownCalls).toBe(1);
    double.batches.behaviour = {};
    await buyByJobs();
    expect((await buyRows()).every(({ state }) => state === 'answered')).toBe(true);
  });

  test('an error line after a good one of the same request takes nothing away', async () => {
    const spoil = ({ output, errors }: { output: string[]; errors: string[] }) => ({
      output: [...output, ...output.map(asRefused)],
      errors: [...errors, ...output.map(asRefused)],
    });
    await open({ batches: { spoil } });
    expect(await buyByJobs()).toBe(2);
    expect((await buyRows()).every(({ state }) => state === 'answered')).toBe(true);
    expect(await ledger.spendOf('run')).toMatchObject({ samples: 60, unknownCalls: 0 });
  });

  test('a job that is too large for the queue goes out again in smaller ones, without a person', async () => {
    await open({ batches: { enqueuedMax: 30 } });
    let requestsMax: number | undefined;
    for (let jobs = 0; jobs < 30; jobs += 1) {
      const job = await teacher.batches.submit(round, requestsMax);
      if (job === null || job === 'in-flight') {
        break;
      }
      expect(await teacher.batches.isEnded(job.id)).toBe(true);
      const { isFull } = await teacher.batches.collect(round, job.id);
      requestsMax = isFull ? Math.ceil(job.requests / 2) : requestsMax;
    }
    expect((await buyRows()).every(({ state }) => state === 'answered')).toBe(true);
    expect(await ledger.spendOf('run')).toMatchObject({ samples: 60, unknownCalls: 0 });
  });

  test('a round that is stopped while its job is out leaves nothing reserved', async () => {
    await open({ batches: { delayMs: 60_000 } });
    const job = await submitOne();
    await teacher.batches.release(round.name);
    expect((await ledger.callCounts({ kind: 'run', name: 'run' })).states.reserved).toBe(job.requests);
    await teacher.batches.close(round.name);
    expect(await ledger.spendOf('run')).toMatchObject({ inputTokens: 0, unknownCalls: job.requests });
  });
});

/** One row for each different question: equal ones are one request. */
const distinctQuestions = () => double.batches.requestsOf(0);

const asExpired = (line: string) =>
  JSON.stringify({
    custom_id: JSON.parse(line).custom_id,
    response: null,
    error: { code: 'batch_expired', message: 'late' },
  });

const asRefused = (line: string) =>
  JSON.stringify({ ...JSON.parse(line), response: { status_code: 500, body: { error: { message: 'no' } } } });

const purchaseOf = () => buyRows().then(String, (error: unknown) => (error instanceof Error ? error.message : ''));
