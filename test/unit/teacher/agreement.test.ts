import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HygieneConfig, TeacherConfig } from '../../../src/core/config/schema';
import { answersPerRow } from '../../../src/core/hygiene/agreement';
import { KnownQuestions } from '../../../src/core/hygiene/known-questions';
import { funnelOf, type Rejection, RowFilter } from '../../../src/core/hygiene/row-filter';
import { type Ledger, openLedger } from '../../../src/store/ledger';
import { type BoughtRow, createTeacher } from '../../../src/teacher';
import { type OfflineTeacher, startOfflineTeacher } from '../../../src/teacher/offline';
import { taskWithoutRepeats as task } from '../../support/buying';

// Some hundred commits to a disk that others use too.
jest.setTimeout(60_000);

const hygiene: HygieneConfig = { near: 0.8, duplicates: 'reject', verify: 'agreement', answers: 3 };
const config: TeacherConfig = {
  ...{ provider: 'offline', model: 'offline', api_key_env: 'NONE', temperature: 1, max_tokens: 64, noise: 0.25 },
  ...{
    price: { input: 0.15, output: 0.6 },
    failing_share_max: 0.2,
    mode: 'live',
    batch_discount: 0.5,
    batch_poll_seconds: 60,
    max_parallel_requests: 16,
    timeout_seconds: 20,
  },
};
const pool = [...task.makeData(1).pool];

let directory: string;
let ledger: Ledger;
let offline: OfflineTeacher;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tutelage-agreement-'));
  ledger = await openLedger(join(directory, 'ledger.db'));
  offline = await startOfflineTeacher();
});
afterEach(async () => {
  expect(await ledger.recount()).toEqual([]);
  await ledger.close();
  await offline.close();
  await rm(directory, { recursive: true });
});

async function buy(run: string, rows: number, budget: { tokens?: number } = {}): Promise<BoughtRow[]> {
  await ledger.openAccount({ run, experiment: null, budget });
  const answers = answersPerRow(hygiene);
  const teacher = createTeacher({ config, task, ledger, answers, offlineBaseUrl: offline.baseUrl });
  const orders = pool.slice(0, rows).map((seed, rank) => ({ rank, seed, askedBefore: 0 }));
  const { signal } = new AbortController();
  return teacher.buyRows({ account: { run, experiment: null }, orders, runSeed: 1, signal });
}

function judge(rows: readonly BoughtRow[]) {
  const rowFilter = new RowFilter(task, hygiene, new KnownQuestions(task, hygiene, []));
  return rows.flatMap((row) => {
    if (row.state !== 'answered') {
      return [];
    }
    const others = row.furtherAnswers?.map(({ answer }) => answer);
    const rejection: Rejection | null = rowFilter.reject({ ...row, id: row.row, others });
    return [{ right: task.verify?.(row.question, row.answer) === true, rejection }];
  });
}

test('of a teacher that errs once in four answers, agreement of three rejects nearly all wrong rows, and the funnel counts them', async () => {
  const rows = await buy('run', 120);
  const judged = judge(rows);
  const wrong = judged.filter(({ right }) => !right);
  const kept = judged.filter(({ rejection }) => rejection === null);
  expect(judged).toHaveLength(120);
  expect(wrong.length).toBeGreaterThan(15);
  // Wrong answers differ from each other, so that two that agree are rare; right rows fall to two wrong samples.
  expect(kept.filter(({ right }) => !right).length).toBeLessThanOrEqual(0.15 * wrong.length);
  expect(kept.length).toBeGreaterThan(0.8 * (120 - wrong.length));
  const rejected = judged.flatMap(({ rejection }) => (rejection === null ? [] : [rejection]));
  expect(rejected.every(({ stage, reason }) => stage === 'verify' && / of 3 readable answers/.test(reason))).toBe(true);
  expect(funnelOf(kept.length, rejected)).toMatchObject({ asked: 120, clean: 120, verified: kept.length });
});

test('asking again costs nothing and gives the same rows, also in another run', async () => {
  const rows = await buy('run', 20);
  const spend = await ledger.spendOf('run');
  expect(await buy('run', 20)).toEqual(rows);
  expect(await ledger.spendOf('run')).toEqual(spend);
  expect(await buy('other', 20)).toEqual(rows);
  expect(
    new Set(rows.flatMap((row) => (row.state === 'answered' ? row.furtherAnswers?.map(({ request }) => request) : [])))
      .size,
  ).toBe(40);
});

test('a cap leaves out whole rows, the last in rank: no row is bought whose agreement cannot be paid', async () => {
  const all = await buy('free', 30);
  const { inputTokens, outputTokens } = await ledger.spendOf('free');
  const capped = await buy('capped', 30, { tokens: Math.ceil(0.5 * (inputTokens + outputTokens)) + 4000 });
  const states = capped.map(({ state }) => state);
  const cut = states.indexOf('overBudget');
  expect(cut).toBeGreaterThan(2);
  expect(capped.slice(0, cut)).toEqual(all.slice(0, cut));
  expect(new Set(states.slice(cut))).toEqual(new Set(['overBudget']));
  expect((await ledger.spendOf('capped')).samples).toBe(cut);
  // Looked at again, as after a crash: the same cut.
  expect(await buy('capped', 30)).toEqual(capped);
});
