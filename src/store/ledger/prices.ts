import { access } from 'node:fs/promises';
import { sql } from 'kysely';
import type { LedgerDatabase } from './database';
import { isPostgres, openStore } from './location';
import type { CallPurpose } from './schema';

/** What an answer cost when it was bought, whoever uses it since. */
export interface Price {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
}

/** What one run was charged for one kind of call. */
export interface Purchase extends Price {
  readonly run: string;
  readonly purpose: CallPurpose;
  readonly answers: number;
}

export interface PriceList {
  /** By request hash. */
  readonly prices: ReadonlyMap<string, Price>;
  readonly purchases: readonly Purchase[];
  /** Settled answers of the runs, and the different requests among them: the rest was shared. */
  readonly answers: number;
  readonly distinct: Price & { readonly answers: number };
}

/**
 * What the settled calls of these runs cost. Of the ledger as it is at this moment, for a reader that buys nothing.
 *
 * @param location as `ledgerLocation` says it
 * @returns `null` where the workspace has no ledger
 */
export async function readPrices(location: string, runs: readonly string[]): Promise<PriceList | null> {
  if (!isPostgres(location) && !(await exists(location))) {
    return null;
  }
  const store = await openStore(location);
  try {
    return await store.read((database) => pricesOf(database, runs));
  } finally {
    await store.close();
  }
}

async function pricesOf(database: LedgerDatabase, runs: readonly string[]): Promise<PriceList> {
  const settled = () => database.selectFrom('calls').where('state', '=', 'settled').where('run', 'in', amongst(runs));
  const calls = await settled()
    .select(['request_hash', 'input_tokens', 'output_tokens', 'nano_usd'])
    .orderBy('request_hash')
    .execute();
  const prices = new Map<string, Price>();
  for (const call of calls) {
    const price = { inputTokens: call.input_tokens, outputTokens: call.output_tokens, nanoUsd: call.nano_usd };
    prices.set(call.request_hash as string, price);
  }
  const purchases = await settled()
    .select(['run', 'purpose', sql<number>`count(*)`.as('answers')])
    .select(sql<number>`sum(input_tokens)`.as('inputTokens'))
    .select(sql<number>`sum(output_tokens)`.as('outputTokens'))
    .select(sql<number>`sum(nano_usd)`.as('nanoUsd'))
    .groupBy(['run', 'purpose'])
    .orderBy('run')
    .orderBy('purpose')
    .execute();
  return { prices, purchases, answers: calls.length, distinct: sum([...prices.values()]) };
}

function sum(prices: readonly Price[]): PriceList['distinct'] {
  const total = { answers: prices.length, inputTokens: 0, outputTokens: 0, nanoUsd: 0 };
  for (const { inputTokens, outputTokens, nanoUsd } of prices) {
    total.inputTokens += inputTokens;
    total.outputTokens += outputTokens;
    total.nanoUsd += nanoUsd;
  }
  return total;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** For `in`: PostgreSQL knows no empty list. No run has an empty name. */
const amongst = (runs: readonly string[]): string[] => (runs.length === 0 ? [''] : [...runs]);
