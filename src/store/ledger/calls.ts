import { createHash } from 'node:crypto';
import type { Updateable } from 'kysely';
import type { TokenUsage } from '../../core/budget/price';
import { TutelageError } from '../../core/errors';
import { type Committed, changeAccounts } from './accounts';
import { isHeldOrOwned } from './call-states';
import type { Change, LedgerDatabase, Moment } from './database';
import type { Reservation } from './reserve';
import type { CallFinish, CallsTable } from './schema';
import { compressAnswer, readAnswer, type StoredAnswer } from './stored-answer';
import { together } from './together';

/** Whether a reserved request goes out. */
export type SendDecision =
  | { readonly send: true }
  /** The workspace owns the answer: the run is charged for it, nothing is sent. */
  | { readonly send: false; readonly owned: StoredAnswer }
  /** The same request is in flight in this session or another one. */
  | { readonly send: false; readonly inFlight: true };

/** What came back. */
export interface Outcome {
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
      .where(isHeldOrOwned)
      .executeTakeFirst();
    if (other?.state === 'reserved') {
      return { send: false, inFlight: true };
    }
    if (other?.state === 'settled') {
      const owned = await readAnswer(transaction, other.id);
      await chargeShared(transaction, moment, { call, owned, nanoUsd: priceOf(owned.usage) });
      return { send: false, owned };
    }
    await changeReserved(transaction, call, { request_hash: requestHash, sent_at: moment.at });
    return { send: true };
  };
}

/** Settles and stores the raw answer together. From the commit on the answer is owned for ever. */
export function settle(call: Reservation, outcome: Outcome): Change<void> {
  const body = compressAnswer(outcome.raw);
  const sha256 = createHash('sha256').update(outcome.raw).digest('hex');
  return async (transaction, { at }) => {
    await together([
      changeReserved(transaction, call, settledColumns(outcome, at)),
      transaction.insertInto('answers').values({ call: call.id, body, sha256 }).execute(),
      changeAccounts(transaction, call, {
        samples: 0,
        tokens: outcome.usage.inputTokens + outcome.usage.outputTokens - call.worst.tokens,
        nanoUsd: outcome.nanoUsd - call.worst.nanoUsd,
      }),
    ]);
  };
}

/** The request certainly cost nothing and waits to be sent again: the room stays held, a crash would release it. */
export function takeBack(call: Reservation, attempt?: number): Change<void> {
  const counted = attempt === undefined ? {} : { attempt };
  return (transaction) => changeReserved(transaction, call, { request_hash: null, sent_at: null, ...counted });
}

/** The calls cost nothing and will not be sent. */
export function release(calls: readonly Reservation[]): Change<void> {
  return async (transaction, { at }) => {
    for (const call of calls) {
      await changeReserved(transaction, call, { state: 'released', samples: 0, ended_at: at });
      await changeAccounts(transaction, call, heldBack(call));
    }
  };
}

/** Sent, and the outcome is lost: it counts at its worst case for ever, but holds no sample. */
export function markUnknown(call: Reservation): Change<void> {
  return async (transaction, { at }) => {
    await changeReserved(transaction, call, { state: 'unknown', samples: 0, ended_at: at });
    await changeAccounts(transaction, call, { samples: -call.samples, tokens: 0, nanoUsd: 0 });
  };
}

/** The row was not accepted after all: its sample is free for another one, its money stays spent. Doing it twice is doing it once. */
export function dropSamples(run: string, rows: readonly string[]): Change<void> {
  return async (transaction, { isShared }) => {
    for (const row of rows) {
      const answers = await transaction
        .selectFrom('calls')
        .select(['id', 'run', 'experiment', 'shared_from'])
        .where('run', '=', run)
        .where('row', '=', row)
        .where(isHeldOrOwned)
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

const heldBack = ({ worst, samples }: Reservation): Committed => ({
  samples: -samples,
  tokens: -worst.tokens,
  nanoUsd: -worst.nanoUsd,
});

async function chargeShared(
  transaction: LedgerDatabase,
  { at }: Moment,
  { call, owned, nanoUsd }: { readonly call: Reservation; readonly owned: StoredAnswer; readonly nanoUsd: number },
): Promise<void> {
  const { usage, requestHash, finish } = owned;
  await changeReserved(transaction, call, {
    ...settledColumns({ usage, nanoUsd, finish }, at),
    request_hash: requestHash,
    shared_from: owned.call,
  });
  const change = {
    samples: 0,
    tokens: usage.inputTokens + usage.outputTokens - call.worst.tokens,
    nanoUsd: nanoUsd - call.worst.nanoUsd,
  };
  await changeAccounts(transaction, call, change, heldBack(call));
}

const settledColumns = ({ usage, nanoUsd, finish }: Omit<Outcome, 'raw'>, at: number) => ({
  state: 'settled' as const,
  input_tokens: usage.inputTokens,
  cached_tokens: usage.cachedTokens,
  output_tokens: usage.outputTokens,
  reasoning_tokens: usage.reasoningTokens,
  nano_usd: nanoUsd,
  estimated: usage.estimated ? 1 : 0,
  finish,
  ended_at: at,
});

/** @throws TutelageError `transient` when the call is no longer this session's: another process took it for dead */
async function changeReserved(
  transaction: LedgerDatabase,
  { id, purpose, run }: Reservation,
  columns: Updateable<CallsTable>,
): Promise<void> {
  const { numUpdatedRows } = await transaction
    .updateTable('calls')
    .set(columns)
    .where('id', '=', id)
    .where('state', '=', 'reserved')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    throw new TutelageError(
      'transient',
      `the ${purpose} call ${id} of run ${run} is not reserved any more: its process was taken for dead, or it has ended`,
      'the step will be done again from what is settled',
    );
  }
}
