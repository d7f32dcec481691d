import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rankingPlace } from '../activities/ranking-place';
import { type AskedRow, type Projection, projectCost } from '../core/budget/projection';
import { canonicalJson } from '../core/canonical-json';
import type { RunConfig } from '../core/config/schema';
import { knownQuestions } from '../core/hygiene/known-questions';
import { Sieve } from '../core/hygiene/sift';
import type { Seed } from '../core/records';
import { resolveStrategy, Selection } from '../core/strategies';
import { taskOf } from '../core/tasks';
import { type LoadedData, loadTaskData } from '../store/datasets/task-data';
import type { Ledger } from '../store/ledger';
import { openLedgerReader, type StoredCall } from '../store/ledger/read-ledger';
import type { Workspace } from '../store/workspace';
import type { BoughtRow, RowOrder } from '../teacher';
import type { Teachers } from '../workers/teachers';

/** A real row, as a run would judge it, and what it cost. */
export interface PreviewedRow {
  readonly seed: Seed;
  readonly question: string | null;
  readonly answer: string | null;
  /** `null` where the row would be accepted; else the stage and the reason, as a run's rejected rows have them. */
  readonly rejected: { readonly stage: string; readonly reason: string } | null;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
}

export interface Preview {
  readonly rows: readonly PreviewedRow[];
  /** Spent by this command: answers that the workspace owned before cost nothing. */
  readonly paidNanoUsd: number;
  /** It could not have been more. */
  readonly capNanoUsd: number;
  /** Of as many accepted rows as a run of this configuration wants; `null` where no row came back at all. */
  project(rowsWanted: number): Projection | null;
}

export interface PreviewParts {
  readonly workspace: Workspace;
  readonly ledger: Ledger;
  readonly teachers: Teachers;
  readonly signal: AbortSignal;
}

/**
 * Buys a few rows as a run of this configuration would, from the seeds that `strategy: random` takes first: their
 * requests are the run's own, so what is bought here is not bought again there. The account is the preview's own, and its
 * cap is the worst case of exactly these rows.
 */
export async function previewRows(
  { workspace, ledger, teachers, signal }: PreviewParts,
  config: RunConfig,
  count: number,
): Promise<Preview> {
  // A job of the batches API may take a day; the discount is counted in the projection.
  const live: RunConfig = { ...config, teacher: { ...config.teacher, mode: 'live' } };
  const teacher = await teachers.teacherOf(live);
  const datasets = join(workspace.root, 'datasets');
  const data = (await loadTaskData(config, { datasets, absent: 'fetch', signal })) as LoadedData;
  const orders = await firstOrders(config, data.pool, count);
  const worst = orders.map((order) => teacher.worstRow(order));
  const cap = { tokens: sum(worst, 'tokens'), nanoUsd: sum(worst, 'nanoUsd') };
  const run = accountName(live, orders);
  const usd = cap.nanoUsd === 0 ? {} : { usd: cap.nanoUsd / 1e9 };
  await ledger.openAccount({ run, experiment: null, budget: { samples: count, tokens: cap.tokens, ...usd } });

  const before = await ledger.billOf({ kind: 'run', name: run });
  const bought = await teacher.buyRows({
    account: { run, experiment: null },
    orders,
    runSeed: config.seed,
    signal,
  });
  const after = await ledger.billOf({ kind: 'run', name: run });
  const rows = await judged(config, data, orders, bought, await callsByRow(workspace, run));
  const asked = rows.filter((_, index) => bought[index]?.state !== 'refused').map((row) => asAsked(config, row));
  const worstOfRun = {
    tokens: Math.max(...worst.map(({ tokens }) => tokens)),
    nanoUsd: Math.max(...worst.map((row) => row.nanoUsd)),
  };
  return {
    rows,
    paidNanoUsd: after.nanoUsd - before.nanoUsd,
    capNanoUsd: cap.nanoUsd,
    project: (rowsWanted) => (asked.length === 0 ? null : projectCost(asked, rowsWanted, worstOfRun)),
  };
}

/** What a run with `strategy: random` asks for first, in its order. */
async function firstOrders(config: RunConfig, pool: LoadedData['pool'], count: number): Promise<RowOrder[]> {
  const { stream, skip } = rankingPlace({ config, iteration: 1 }, []);
  const selection = new Selection({
    strategy: resolveStrategy('random'),
    task: taskOf(config.task),
    ...{ count, skip, runSeed: config.seed, iteration: stream },
  });
  for await (const seed of pool) {
    selection.see(seed, {}, 0);
  }
  return selection.picks(new Map()).map(({ pick: { rank, askedBefore }, seed }) => ({ rank, askedBefore, seed }));
}

/** The same requests at the same price have one account; a colon stands in no run's name. */
function accountName({ name, task, teacher, hygiene, seed }: RunConfig, orders: readonly RowOrder[]): string {
  const what = canonicalJson([task, teacher, hygiene, seed, orders]);
  return `preview:${name}:${createHash('sha256').update(what).digest('hex').slice(0, 12)}`;
}

async function callsByRow(workspace: Workspace, run: string): Promise<ReadonlyMap<string, readonly StoredCall[]>> {
  const reader = await openLedgerReader(workspace.ledger);
  try {
    const byRow = new Map<string, StoredCall[]>();
    for (const call of await reader.callsOf({ kind: 'run', name: run })) {
      if (call.state === 'settled') {
        byRow.set(call.row, [...(byRow.get(call.row) ?? []), call]);
      }
    }
    return byRow;
  } finally {
    await reader.close();
  }
}

/** The verdicts that a run's first iteration would give, in rank order. */
async function judged(
  config: RunConfig,
  { pool, tests }: LoadedData,
  orders: readonly RowOrder[],
  bought: readonly BoughtRow[],
  calls: ReadonlyMap<string, readonly StoredCall[]>,
): Promise<PreviewedRow[]> {
  const task = taskOf(config.task);
  const newQuestions = bought.flatMap((row) => (row.state === 'answered' ? [row.question] : []));
  const test = Object.values(tests).flat();
  const known = await knownQuestions(task, config.hygiene, { test, row: [], pool, newQuestions });
  const sieve = new Sieve(task, config.hygiene, known);
  return bought.map((row, index) => {
    const paid = calls.get(row.row) ?? [];
    return {
      seed: (orders[index] as RowOrder).seed,
      ...textsOf(row),
      rejected: verdictOf(sieve, row),
      calls: paid.length,
      inputTokens: sum(paid, 'input_tokens'),
      outputTokens: sum(paid, 'output_tokens'),
      nanoUsd: sum(paid, 'nano_usd'),
    };
  });
}

const textsOf = (row: BoughtRow) =>
  row.state === 'answered' ? { question: row.question, answer: row.answer } : { question: null, answer: null };

function verdictOf(sieve: Sieve, row: BoughtRow): PreviewedRow['rejected'] {
  switch (row.state) {
    case 'refused':
      return {
        stage: 'budget',
        reason: `calls whose outcome was lost used up this preview's cap in ${row.cap}; another -n has a cap of its own`,
      };
    case 'rejected':
      return { stage: row.isUnanswered ? 'call' : row.stage, reason: row.reason };
    case 'answered':
      return sieve.judge({
        id: String(row.rank + 1),
        question: row.question,
        answer: row.answer,
        others: row.samples?.map(({ answer }) => answer),
      });
  }
}

/** As the run will pay: a batch job has a discount. */
function asAsked({ teacher }: RunConfig, { inputTokens, outputTokens, nanoUsd, rejected }: PreviewedRow): AskedRow {
  const share = teacher.mode === 'batch' ? 1 - teacher.batch_discount : 1;
  return { tokens: inputTokens + outputTokens, nanoUsd: nanoUsd * share, isAccepted: rejected === null };
}

const sum = <Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key) =>
  rows.reduce((total, row) => total + row[key], 0);
