import { createHash } from 'node:crypto';
import type { Updateable } from 'kysely';
import type { TokenUsage } from '../../core/budget/price';
import { TutelageError } from '../../core/errors';
import { type Committed, changeAccounts } from './accounts';
import { isReserved, isReservedOrOwned } from './call-states';
import type { Change, LedgerDatabase, Moment } from './database';
import { together } from './database';
import { isOnAccountOverCap, type Overrun, overrunBehindRelease, stopAccountsOverCap } from './overruns';
import type { Reservation } from './reservations';
import type { CallFinish, CallsTable } from './schema';
import { compressAnswer, readAnswer, type StoredAnswer } from './stored-answer';

/** Whether a reserved request goes out. */
export type SendDecision =
  | { readonly send: true }
  /** The workspace owns the answer: the run is charged for it, nothing is sent. */
  | { readonly send: false; readonly owned: StoredAnswer }
  /** The same request is in flight in this session or another one. */
  | { readonly send: false; readonly inFlight: true }
  /** An account went over a cap since the call was reserved: it was released, or may not be sent. */
  | { readonly send: false; readonly overrun: Overrun };

/** What came back. */
export interface CallOutcome {
  readonly usage: TokenUsage;
  readonly nanoUsd: number;
  readonly finish: CallFinish;
  readonly raw: string;
}

/**
 * The last step before a request goes out: from here on a crash leaves it unknown.
 * @param priceOf the price that this run pays for the tokens of an answer that is shared with it
 */
export function markSent(
  call: Reservation,
  requestHash: string,
  priceOf: (usage: TokenUsage) => number,
): Change<SendDecision> {
  return async (transaction, moment) => {
    const other = await transaction
      .selectFrom('calls')
      .select(['id', 'state'])
      .where('request_hash', '=', requestHash)
      .where('shared_from', 'is', null)
      .where(isReservedOrOwned)
      .executeTakeFirst();
    if (other?.state === 'reserved') {
      return { send: false, inFlight: true };
    }
    if (other?.state === 'settled') {
      const owned = await readAnswer(transaction, other.id);
      const overrun = await chargeShared(transaction, moment, { call, owned, nanoUsd: priceOf(owned.usage) });
      return overrun === null ? { send: false, owned } : { send: false, overrun };
    }
    const { numUpdatedRows } = await transaction
      .updateTable('calls')
      .set({ request_hash: requestHash, sent_at: moment.at })
      .where('id', '=', call.id)
      .where(isReserved)
      .where((when) => when.not(isOnAccountOverCap))
      .executeTakeFirst();
    if (numUpdatedRows === 1n) {
      return { send: true };
    }
    const overrun = await overrunBehindRelease(transaction, call);
    if (overrun === null) {
      throw noLongerReserved(call);
    }
    return { send: false, overrun };
  };
}

/**
 * Settles the call and stores its raw answer in one transaction. After the commit the workspace owns the answer. What it
 * cost is booked even where that is above the reserved worst case.
 * @returns the overrun, where that took an account over a cap
 */
export function settle(call: Reservation, outcome: CallOutcome): Change<Overrun | null> {
  const body = compressAnswer(outcome.raw);
  const sha256 = createHash('sha256').update(outcome.raw).digest('hex');
  return async (transaction, moment) => {
    await together([
      changeReserved(transaction, call, settledColumns(outcome, moment.at)),
      transaction.insertInto('answers').values({ call: call.id, body, sha256 }).execute(),
      changeAccounts(transaction, call, {
        samples: 0,
        tokens: outcome.usage.inputTokens + outcome.usage.outputTokens - call.worst.tokens,
        nanoUsd: outcome.nanoUsd - call.worst.nanoUsd,
      }),
    ]);
    return isAboveWorst(call, outcome) ? stopAccountsOverCap(transaction, moment, call) : null;
  };
}

/** The request certainly cost nothing and will be sent again: its room stays reserved, and a crash would release it. */
export function takeBack(call: Reservation, attempt?: number): Change<void> {
  const counted = attempt === undefined ? {} : { attempt };
  return (transaction) => changeReserved(transaction, call, { request_hash: null, sent_at: null, ...counted });
}

/** The calls cost nothing and will not be sent. One that an overrun has released already stays so. */
export function release(calls: readonly Reservation[]): Change<void> {
  return async (transaction, { at }) => {
    for (const call of calls) {
      const columns = { state: 'released' as const, samples: 0, ended_at: at };
      const held = await heldSamples(transaction, call);
      if (await isChanged(transaction, call, columns)) {
        await changeAccounts(transaction, call, givenBack(call, held));
      } else if (!(await isReleased(transaction, call))) {
        throw noLongerReserved(call);
      }
    }
  };
}

/** Sent, and the outcome is lost: from now on it counts at its worst case, but as no sample. */
export function markUnknown(call: Reservation): Change<void> {
  return async (transaction, { at }) => {
    const held = await heldSamples(transaction, call);
    await changeReserved(transaction, call, { state: 'unknown', samples: 0, ended_at: at });
    await changeAccounts(transaction, call, { samples: -held, tokens: 0, nanoUsd: 0 });
  };
}

/** The row was not accepted after all: its sample is free for another row, its money stays spent. Idempotent. */
export function dropSamples(run: string, rows: readonly string[]): Change<void> {
  return async (transaction, { isShared }) => {
    for (const row of rows) {
      const answers = await transaction
        .selectFrom('calls')
        .select(['id', 'run', 'experiment', 'shared_from'])
        .where('run', '=', run)
        .where('row', '=', row)
        .where(isReservedOrOwned)
        .where('samples', '=', 1)
        .$if(isShared, (query) => query.forUpdate())
        .execute();
      for (const answer of answers) {
        await transaction.updateTable('calls').set({ samples: 0 }).where('id', '=', answer.id).execute();
        const change = { samples: -1, tokens: 0, nanoUsd: 0 };
        await changeAccounts(transaction, answer, change, answer.shared_from === null ? change : nothing);
      }
    }
  };
}

const nothing: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };

const givenBack = ({ worst }: Reservation, held: number): Committed => ({
  samples: -held,
  tokens: -worst.tokens,
  nanoUsd: -worst.nanoUsd,
});

async function chargeShared(
  transaction: LedgerDatabase,
  moment: Moment,
  { call, owned, nanoUsd }: { readonly call: Reservation; readonly owned: StoredAnswer; readonly nanoUsd: number },
): Promise<Overrun | null> {
  const { usage, requestHash, finish } = owned;
  await changeReserved(transaction, call, {
    ...settledColumns({ usage, nanoUsd, finish }, moment.at),
    request_hash: requestHash,
    shared_from: owned.call,
  });
  const change = {
    samples: 0,
    tokens: usage.inputTokens + usage.outputTokens - call.worst.tokens,
    nanoUsd: nanoUsd - call.worst.nanoUsd,
  };
  await changeAccounts(transaction, call, change, givenBack(call, await heldSamples(transaction, call)));
  return isAboveWorst(call, { usage, nanoUsd }) ? stopAccountsOverCap(transaction, moment, call) : null;
}

const isAboveWorst = ({ worst }: Reservation, { usage, nanoUsd }: Pick<CallOutcome, 'usage' | 'nanoUsd'>): boolean =>
  usage.inputTokens + usage.outputTokens > worst.tokens || nanoUsd > worst.nanoUsd;

const settledColumns = ({ usage, nanoUsd, finish }: Omit<CallOutcome, 'raw'>, at: number) => ({
  state: 'settled' as const,
  input_tokens: usage.inputTokens,
  cached_tokens: usage.cachedTokens,
  cache_write_tokens: usage.cacheWriteTokens ?? 0,
  output_tokens: usage.outputTokens,
  reasoning_tokens: usage.reasoningTokens,
  nano_usd: nanoUsd,
  estimated: usage.estimated ? 1 : 0,
  absurd: usage.isAbsurd ? 1 : 0,
  finish,
  ended_at: at,
});

/** @throws TutelageError `transient` when the call is no longer this session's: another process considered it dead */
async function changeReserved(
  transaction: LedgerDatabase,
  call: Reservation,
  columns: Updateable<CallsTable>,
): Promise<void> {
  if (!(await isChanged(transaction, call, columns))) {
    throw noLongerReserved(call);
  }
}

/** What the call still counts for: its row may have been dropped since it was reserved. */
async function heldSamples(transaction: LedgerDatabase, { id }: Reservation): Promise<number> {
  const call = await transaction.selectFrom('calls').select('samples').where('id', '=', id).executeTakeFirst();
  return call?.samples ?? 0;
}

/** `false` where the call is not reserved any more. */
async function isChanged(
  transaction: LedgerDatabase,
  { id }: Reservation,
  columns: Updateable<CallsTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('calls')
    .set(columns)
    .where('id', '=', id)
    .where(isReserved)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function isReleased(transaction: LedgerDatabase, { id }: Reservation): Promise<boolean> {
  const call = await transaction.selectFrom('calls').select('state').where('id', '=', id).executeTakeFirst();
  return call?.state === 'released';
}

const noLongerReserved = ({ id, purpose, run }: Reservation) =>
  new TutelageError(
    'transient',
    `the ${purpose} call ${id} of run ${run} is no longer reserved: its process was considered dead, or the call has ended`,
    'the step is repeated; settled calls are reused',
  );
