import { type RawBuilder, sql } from 'kysely';
import type { Spend } from '../../core/run-record';
import type { AccountName } from './accounts';
import { isUnknown } from './call-states';
import type { LedgerDatabase } from './database';
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
  readonly oldestInFlightSince: number | null;
  /** What was paid: an answer that is shared was bought by one run alone. */
  readonly bought: Bill;
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

/** A run's budget counts shared answers at their price; an experiment's is over its bill, which does not. */
export async function spendOf(database: LedgerDatabase, { kind, name }: AccountName): Promise<Spend> {
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
    ])
    .where(kind, '=', name)
    .$if(kind === 'experiment', (query) => query.where('shared_from', 'is', null))
    .executeTakeFirstOrThrow();
  return {
    samples: row.samples,
    inputTokens: row.input,
    outputTokens: row.output,
    priceMicroUsd: Math.ceil(row.nanoUsd / 1000),
    unknownCalls: row.unknownCalls,
    unknownTokens: row.unknownTokens,
    unknownMicroUsd: Math.ceil(row.unknownNanoUsd / 1000),
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
      sql<number>`coalesce(sum(estimated), 0)`.as('estimated'),
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
    oldestInFlightSince: row.oldest,
    bought: { calls, inputTokens, outputTokens, nanoUsd },
  };
}

const boughtSum = (column: string) =>
  sql<number>`coalesce(sum(case when state = 'settled' and shared_from is null then ${sql.ref(column)} end), 0)`;

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
