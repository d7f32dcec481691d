import { type RawBuilder, sql } from 'kysely';
import { usdOf } from '../../core/budget/price';
import type { Spend } from '../../core/run-record';
import type { AccountName } from './accounts';
import { isUnknown } from './call-states';
import type { LedgerDatabase } from './database';
import { isOverrun } from './overruns';
import type { CallPurpose, CallState } from './schema';

/** What was paid to the teacher: every bought answer once, whoever shares it. */
export interface Bill {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
}

/** A glance at an account's calls, for live views. */
export interface CallCounts {
  readonly states: Readonly<Record<CallState, number>>;
  /** Reserved and sent. */
  readonly inFlight: number;
  /** Settled by an answer that the workspace owned already. */
  readonly shared: number;
  readonly estimated: number;
  /** Requests that the endpoint refused or whose reply was lost; most were sent again. */
  readonly failed: number;
  /** Rows whose answer came in the last half minute. */
  readonly recentSamples: number;
  readonly oldestInFlightSince: number | null;
  /** What was paid: an answer that is shared was bought by one run alone. */
  readonly bought: Bill;
  /** Settled calls that were billed above their worst case, and by how much. */
  readonly overruns: { readonly calls: number; readonly tokens: number; readonly nanoUsd: number };
  /** Calls whose reported usage could not be true: booked at their worst case. */
  readonly absurd: number;
}

export interface UnknownCall {
  readonly id: string;
  readonly run: string;
  readonly row: string;
  readonly purpose: CallPurpose;
  readonly requestHash: string | null;
  readonly worstTokens: number;
  readonly worstNanoUsd: number;
  readonly sentAt: number | null;
}

/** How many rows are so. */
const counted = (so: RawBuilder<unknown>) => sql<number>`count(*) filter (where ${so})`;

const aboveWorst = (amount: string, worst: string) =>
  sql<number>`coalesce(sum(case when state = 'settled' and ${sql.raw(amount)} > ${sql.raw(worst)}
    then ${sql.raw(amount)} - ${sql.raw(worst)} end), 0)`;

interface OverrunRow {
  readonly overrunCalls: number;
  readonly overrunTokens: number;
  readonly overrunNanoUsd: number;
}

const billingColumns = [
  sql<number>`coalesce(sum(estimated), 0)`.as('estimated'),
  sql<number>`coalesce(sum(absurd), 0)`.as('absurd'),
  counted(isOverrun).as('overrunCalls'),
  aboveWorst('input_tokens + output_tokens', 'worst_tokens').as('overrunTokens'),
  aboveWorst('nano_usd', 'worst_nano_usd').as('overrunNanoUsd'),
] as const;

/**
 * A run's budget counts shared answers at their price; an experiment's is over its bill, which does not.
 * @param through the last iteration whose calls count; `null`: all
 */
export async function spendOf(
  database: LedgerDatabase,
  { kind, name }: AccountName,
  through: number | null = null,
): Promise<Spend> {
  const total = (column: string, state: CallState) =>
    sql<number>`coalesce(sum(case when state = ${state} then ${sql.ref(column)} end), 0)`;
  const row = await database
    .selectFrom('calls')
    .select([
      sql<number>`coalesce(sum(case when state = 'settled' then samples end), 0)`.as('samples'),
      total('input_tokens', 'settled').as('input'),
      total('output_tokens', 'settled').as('output'),
      total('nano_usd', 'settled').as('nanoUsd'),
      counted(sql`state = 'unknown'`).as('unknownCalls'),
      total('worst_tokens', 'unknown').as('unknownTokens'),
      total('worst_nano_usd', 'unknown').as('unknownNanoUsd'),
      ...billingColumns,
    ])
    .where(kind, '=', name)
    .$if(kind === 'experiment', (query) => query.where('shared_from', 'is', null))
    .$if(through !== null, (query) =>
      query.where((when) => when.or([when('iteration', '<=', through), when('iteration', 'is', null)])),
    )
    .executeTakeFirstOrThrow();
  return {
    samples: row.samples,
    inputTokens: row.input,
    outputTokens: row.output,
    usd: usdOf(row.nanoUsd),
    unknownCalls: row.unknownCalls,
    unknownTokens: row.unknownTokens,
    unknownUsd: usdOf(row.unknownNanoUsd),
    ...billingOf(row),
  };
}

/** Nothing where every count was within its bounds: then there is nothing to be told. */
function billingOf(row: Pick<CallCounts, 'estimated' | 'absurd'> & OverrunRow): Pick<Spend, 'billing'> {
  const { overrunCalls, overrunTokens, overrunNanoUsd, absurd, estimated } = row;
  return overrunCalls + absurd + estimated === 0
    ? {}
    : {
        billing: {
          aboveWorstCalls: overrunCalls,
          aboveWorstTokens: overrunTokens,
          aboveWorstUsd: usdOf(overrunNanoUsd),
          absurdCalls: absurd,
          estimatedCalls: estimated - absurd,
        },
      };
}

/** @param account `null`: the whole workspace */
export async function billOf(database: LedgerDatabase, account: AccountName | null): Promise<Bill> {
  return database
    .selectFrom('calls')
    .select([
      sql<number>`count(*)`.as('calls'),
      sql<number>`coalesce(sum(input_tokens), 0)`.as('inputTokens'),
      sql<number>`coalesce(sum(output_tokens), 0)`.as('outputTokens'),
      sql<number>`coalesce(sum(nano_usd), 0)`.as('nanoUsd'),
    ])
    .where('state', '=', 'settled')
    .where('shared_from', 'is', null)
    .$if(account !== null, (query) => query.where(account?.kind ?? 'run', '=', account?.name ?? ''))
    .executeTakeFirstOrThrow();
}

/** A rate is that of the last half minute: long enough to be steady, short enough to follow what the endpoint does. */
export const RECENT_MS = 30_000;

export async function callCounts(database: LedgerDatabase, { kind, name }: AccountName): Promise<CallCounts> {
  const row = await database
    .selectFrom('calls')
    .select([
      counted(sql`state = 'reserved'`).as('reserved'),
      counted(sql`state = 'settled'`).as('settled'),
      counted(sql`state = 'unknown'`).as('unknown'),
      counted(sql`state = 'released'`).as('released'),
      counted(sql`state = 'reserved' and request_hash is not null`).as('inFlight'),
      counted(sql`shared_from is not null`).as('shared'),
      counted(sql`state = 'settled' and shared_from is null`).as('bought'),
      boughtSum('input_tokens').as('inputTokens'),
      boughtSum('output_tokens').as('outputTokens'),
      boughtSum('nano_usd').as('nanoUsd'),
      ...billingColumns,
      sql<number>`coalesce(sum(case when state <> 'unknown' then attempt - 1 end), 0)`.as('failed'),
      counted(sql`state = 'settled' and samples = 1 and ended_at >= ${Date.now() - RECENT_MS}`).as('recentSamples'),
      sql<number | null>`min(case when state = 'reserved' then sent_at end)`.as('oldest'),
    ])
    .where(kind, '=', name)
    .executeTakeFirstOrThrow();
  const { reserved, settled, unknown, released, inFlight, shared, estimated } = row;
  const { bought: calls, inputTokens, outputTokens, nanoUsd } = row;
  return {
    states: { reserved, settled, unknown, released },
    inFlight,
    shared,
    estimated,
    failed: row.failed,
    recentSamples: row.recentSamples,
    oldestInFlightSince: row.oldest,
    bought: { calls, inputTokens, outputTokens, nanoUsd },
    overruns: { calls: row.overrunCalls, tokens: row.overrunTokens, nanoUsd: row.overrunNanoUsd },
    absurd: row.absurd,
  };
}

const boughtSum = (column: string) =>
  sql<number>`coalesce(sum(case when state = 'settled' and shared_from is null then ${sql.ref(column)} end), 0)`;

/** How often an owner sent each request without an answer, by hash. */
export async function triesOf(database: LedgerDatabase, run: string, owner: string): Promise<Map<string, number>> {
  const rows = await database
    .selectFrom('calls')
    .select(['request_hash', sql<number>`count(*)`.as('tries')])
    .where('run', '=', run)
    .where('owner', '=', owner)
    .where('state', 'in', ['released', 'unknown'])
    .where('request_hash', 'is not', null)
    .groupBy('request_hash')
    .execute();
  return new Map(rows.map(({ request_hash, tries }) => [request_hash ?? '', tries]));
}

/** @param account `null`: the whole workspace */
export async function unknownCalls(database: LedgerDatabase, account: AccountName | null): Promise<UnknownCall[]> {
  const rows = await database
    .selectFrom('calls')
    .select(['id', 'run', 'row', 'purpose', 'request_hash', 'worst_tokens', 'worst_nano_usd', 'sent_at'])
    .where(isUnknown)
    .$if(account !== null, (query) => query.where(account?.kind ?? 'run', '=', account?.name ?? ''))
    .orderBy('sent_at')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    run: row.run,
    row: row.row,
    purpose: row.purpose,
    requestHash: row.request_hash,
    worstTokens: row.worst_tokens,
    worstNanoUsd: row.worst_nano_usd,
    sentAt: row.sent_at,
  }));
}

/**
 * Recounts every account from its calls: what the accounts say must be what the calls add up to.
 * @returns one sentence for each account that is wrong
 */
export async function recount(database: LedgerDatabase): Promise<string[]> {
  const accounts = await database.selectFrom('accounts').selectAll().execute();
  const wrong: string[] = [];
  for (const account of accounts) {
    const counted = await database
      .selectFrom('calls')
      .select([
        sql<number>`coalesce(sum(samples), 0)`.as('samples'),
        sql<number>`coalesce(sum(case state when 'settled' then input_tokens + output_tokens
          when 'released' then 0 else worst_tokens end), 0)`.as('tokens'),
        sql<number>`coalesce(sum(case state when 'settled' then nano_usd
          when 'released' then 0 else worst_nano_usd end), 0)`.as('nanoUsd'),
      ])
      .where(account.kind, '=', account.name)
      .$if(account.kind === 'experiment', (query) => query.where('shared_from', 'is', null))
      .executeTakeFirstOrThrow();
    const said = { samples: account.samples, tokens: account.tokens, nanoUsd: account.nano_usd };
    if (counted.samples !== said.samples || counted.tokens !== said.tokens || counted.nanoUsd !== said.nanoUsd) {
      wrong.push(
        `${account.kind} ${account.name} says ${JSON.stringify(said)}, its calls add up to ${JSON.stringify(counted)}`,
      );
    }
  }
  return wrong;
}
