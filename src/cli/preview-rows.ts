import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { rankingPosition } from '../activities/ranking-position';
import { rejectionOf } from '../activities/rejection-of';
import { holdQuestions } from '../activities/screen-questions';
import { priceList, type WorstCase, worstCase } from '../core/budget/price';
import { type AskedRow, type Projection, projectCost } from '../core/budget/projection';
import { canonicalJson } from '../core/canonical-json';
import { judgeOf } from '../core/config/judge-of';
import { requestTokensMax } from '../core/config/request-fields';
import type { RunConfig } from '../core/config/schema';
import { knownQuestions } from '../core/hygiene/known-questions';
import { questionScreen } from '../core/hygiene/question-screen';
import { RowFilter } from '../core/hygiene/row-filter';
import type { Seed } from '../core/records';
import type { Billing } from '../core/run-record';
import { resolveStrategy, Selection } from '../core/strategies';
import { taskOf } from '../core/tasks/registry';
import { type LoadedData, loadTaskData } from '../store/datasets/task-data';
import { knownLedger } from '../store/known-ledger';
import type { Ledger } from '../store/ledger';
import { openLedgerReader, type StoredCall } from '../store/ledger/read-ledger';
import type { Workspace } from '../store/workspace';
import { verifierOf } from '../student/row-verifier';
import type { BoughtRow, RowOrder } from '../teacher';
import { readCompletion } from '../teacher/completion';
import type { BuyProgress } from '../teacher/types';
import type { Teachers } from '../workers/teachers';

/** A real row with a run's verdict and its cost. */
export interface PreviewedRow {
  readonly seed: Seed;
  readonly question: string | null;
  readonly answer: string | null;
  /** `null` if the row would be accepted; else stage and reason, as for a run's rejected rows. */
  readonly rejected: { readonly stage: string; readonly reason: string } | null;
  /** What the teacher last wrote for a row without an answer that can be used; else `null`. */
  readonly reply: string | null;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
}

export interface Preview {
  readonly rows: readonly PreviewedRow[];
  /** Spent by this command: answers that the workspace already owned cost nothing. */
  readonly paidNanoUsd: number;
  /** It could not have been more, even if every call had lost its reply twice. */
  readonly capNanoUsd: number;
  /** Calls whose reply was lost: the endpoint may bill them, at most at their worst case. */
  readonly unknown: { readonly calls: number; readonly nanoUsdMax: number };
  /** Calls that the endpoint billed above their worst case, or without a count that can be true. */
  readonly billing: Billing | null;
  /** What a judge may ask for one evaluation of the student at most; `null` where no judge grades its answers. */
  readonly gradingMax: WorstCase | null;
  /** The cost of so many accepted rows; `null` if no row was answered at all. */
  project(rowsWanted: number): Projection | null;
}

export interface PreviewParts {
  readonly workspace: Workspace;
  readonly ledger: Ledger;
  readonly teachers: Teachers;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BuyProgress) => void;
}

/** A call whose reply is lost is sent again, at most twice, and each attempt counts at its worst case. */
export const attemptsMax = 3;

/**
 * Buys a few rows as a run of this configuration would, from the seeds that `strategy: random` takes first. The requests
 * are those of the run, so answers that the run also needs are reused, not bought twice. The preview has an account of its
 * own, capped at the worst case of exactly these rows with room for two lost replies to each call.
 */
export async function previewRows(
  { workspace, ledger, teachers, signal, onProgress }: PreviewParts,
  config: RunConfig,
  count: number,
): Promise<Preview> {
  // A batch job may take a day, so a preview asks live; the projection includes the batch discount.
  const live: RunConfig = { ...config, teacher: { ...config.teacher, mode: 'live' } };
  const teacher = await teachers.teacherOf(live);
  const datasets = join(workspace.root, 'datasets');
  const data = (await loadTaskData(config, { datasets, absent: 'fetch', signal })) as LoadedData;
  const orders = await firstOrders(config, data.pool, count);
  const worst = orders.map((order) => teacher.worstRow(order));
  const cap = { tokens: attemptsMax * sum(worst, 'tokens'), nanoUsd: attemptsMax * sum(worst, 'nanoUsd') };
  const run = accountName(live, orders);
  const usd = cap.nanoUsd === 0 ? {} : { usd: cap.nanoUsd / 1e9 };
  await ledger.openAccount({ run, experiment: null, budget: { samples: count, tokens: cap.tokens, ...usd } });

  const before = await ledger.billOf({ kind: 'run', name: run });
  const verifier = verifierOf(config, signal);
  const buying = teacher.buyRows({
    account: { run, experiment: null },
    orders,
    runSeed: config.seed,
    screen: await screenOf(config, data),
    ...(verifier === null ? {} : { verify: verifier.verify }),
    ...{ signal, onProgress },
  });
  const bought = await buying.finally(() => verifier?.end());
  const after = await ledger.billOf({ kind: 'run', name: run });
  const calls = await callsOf(workspace, ledger, run);
  const rows = await withVerdicts(config, data, orders, bought, calls.byRow);
  const asked = rows.filter((_, index) => bought[index]?.state !== 'overBudget').map((row) => atRunPrice(config, row));
  const worstOfRun = {
    tokens: Math.max(...worst.map(({ tokens }) => tokens)),
    nanoUsd: Math.max(...worst.map((row) => row.nanoUsd)),
  };
  return {
    rows,
    paidNanoUsd: after.nanoUsd - before.nanoUsd,
    capNanoUsd: cap.nanoUsd,
    unknown: calls.unknown,
    billing: calls.billing,
    gradingMax: gradingMax(config, data),
    project: (rowsWanted) => (asked.length === 0 ? null : projectCost(asked, rowsWanted, worstOfRun)),
  };
}

/** The worst case of a grade for each test question: the answer is as long as the student may write. */
function gradingMax(config: RunConfig, { tests }: LoadedData): WorstCase | null {
  const { grader } = taskOf(config.task);
  if (grader?.kind !== 'judge') {
    return null;
  }
  const judge = judgeOf(config);
  const answerTokens = config.student.max_new_tokens;
  const each = Object.values(tests)
    .flat()
    .map(({ question, answer }) => {
      const messages = grader.messages(question, answer ?? '', 'x') ?? [];
      return worstCase(requestTokensMax(judge, messages) + answerTokens, judge.max_tokens, priceList(judge));
    });
  return { tokens: sum(each, 'tokens'), nanoUsd: sum(each, 'nanoUsd') };
}

/** As a run screens its questions before it buys their answers. */
async function screenOf(config: RunConfig, { pool, tests }: LoadedData) {
  const known = await holdQuestions(config, { test: Object.values(tests).flat(), pool, row: [] });
  return questionScreen([known], config.hygiene);
}

/** What a run with `strategy: random` asks for first, in order. */
async function firstOrders(config: RunConfig, pool: LoadedData['pool'], count: number): Promise<RowOrder[]> {
  const { stream, skip } = rankingPosition({ config, iteration: 1 }, []);
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

/** The same requests at the same price share one account. No run's name has a colon. */
function accountName({ name, task, teacher, hygiene, seed }: RunConfig, orders: readonly RowOrder[]): string {
  const what = canonicalJson([task, teacher, hygiene, seed, orders]);
  return `preview:${name}:${createHash('sha256').update(what).digest('hex').slice(0, 12)}`;
}

interface SettledCall extends StoredCall {
  readonly raw: string;
}

interface AccountCalls {
  readonly byRow: ReadonlyMap<string, readonly SettledCall[]>;
  readonly unknown: Preview['unknown'];
  readonly billing: Preview['billing'];
}

async function callsOf(workspace: Workspace, ledger: Ledger, run: string): Promise<AccountCalls> {
  const reader = await openLedgerReader(workspace.ledger, await knownLedger(workspace));
  try {
    const calls = await reader.callsOf({ kind: 'run', name: run });
    const byRow = new Map<string, SettledCall[]>();
    for (const call of calls.filter(({ state }) => state === 'settled')) {
      const { raw } = await reader.answerOf(call.shared_from ?? call.id);
      byRow.set(call.row, [...(byRow.get(call.row) ?? []), { ...call, raw }]);
    }
    const lost = calls.filter(({ state }) => state === 'unknown');
    const { billing = null } = await ledger.spendOf(run);
    return { byRow, unknown: { calls: lost.length, nanoUsdMax: sum(lost, 'worst_nano_usd') }, billing };
  } finally {
    await reader.close();
  }
}

/** The verdicts of a run's first iteration, in rank order. */
async function withVerdicts(
  config: RunConfig,
  { pool, tests }: LoadedData,
  orders: readonly RowOrder[],
  bought: readonly BoughtRow[],
  calls: AccountCalls['byRow'],
): Promise<PreviewedRow[]> {
  const task = taskOf(config.task);
  const newQuestions = bought.flatMap((row) => (row.state === 'answered' ? [row.question] : []));
  const test = Object.values(tests).flat();
  const known = await knownQuestions(task, config.hygiene, { test, row: [], pool, newQuestions });
  const rowFilter = new RowFilter(task, config.hygiene, known);
  return bought.map((row, index) => {
    const paid = calls.get(row.row) ?? [];
    return {
      seed: (orders[index] as RowOrder).seed,
      ...textsOf(row),
      rejected:
        row.state === 'overBudget'
          ? { stage: 'budget', reason: previewCapReason(row.cap) }
          : rejectionOf(rowFilter, row, String(row.rank + 1)),
      reply: row.state === 'rejected' ? replyOf(paid.find(({ purpose }) => purpose === row.stage)) : null,
      calls: paid.length,
      inputTokens: sum(paid, 'input_tokens'),
      outputTokens: sum(paid, 'output_tokens'),
      nanoUsd: sum(paid, 'nano_usd'),
    };
  });
}

/** As the teacher wrote it, its reasoning included. */
function replyOf(call: SettledCall | undefined): string | null {
  const completion = call === undefined ? null : readCompletion(call.raw);
  const { reasoning = '', text = '' } = completion ?? {};
  return (
    [reasoning, text]
      .map((part) => part.trim())
      .join('\n')
      .trim() || null
  );
}

const textsOf = (row: BoughtRow) =>
  row.state === 'answered' ? { question: row.question, answer: row.answer } : { question: null, answer: null };

/** The preview's own cap is three times the worst case of its rows: only what was lost can use it up. */
const previewCapReason = (cap: string) =>
  `calls whose outcome was lost used up this preview's ${cap} cap; a different --rows has a cap of its own`;

/** At the run's price: a batch job has a discount. */
function atRunPrice({ teacher }: RunConfig, { inputTokens, outputTokens, nanoUsd, rejected }: PreviewedRow): AskedRow {
  const share = teacher.mode === 'batch' ? 1 - teacher.batch_discount : 1;
  return { tokens: inputTokens + outputTokens, nanoUsd: nanoUsd * share, isAccepted: rejected === null };
}

const sum = <Key extends string>(rows: readonly Readonly<Record<Key, number>>[], key: Key) =>
  rows.reduce((total, row) => total + row[key], 0);
