import type { WorstCase } from '../../core/budget/price';
import {
  type Account,
  type AccountName,
  accountNames,
  bindingCap,
  type CapName,
  type Committed,
  changeAccounts,
  readAccount,
  readAccounts,
} from './accounts';
import { isJob, isReserved } from './call-states';
import { type LedgerDatabase, type Moment, together } from './database';
import { type Overrun, overrunOf } from './overruns';
import type { CallPurpose } from './schema';
import { assertOpen, recoverDead } from './sessions';
import type { StoredAnswer } from './stored-answer';

/** Who is charged. */
export interface Charge {
  readonly run: string;
  readonly experiment: string | null;
  /** That needs the call; absent for a preview. */
  readonly iteration?: number;
}

/** Room reserved for one call. It belongs to this session until the call is settled, released or unknown. */
export interface Reservation extends Charge {
  readonly id: string;
  readonly row: string;
  readonly purpose: CallPurpose;
  readonly worst: WorstCase;
  readonly samples: 0 | 1;
}

/** A call of the row: room for it, or the answer that the run has paid for already. */
export type GrantedCall =
  | {
      readonly reservation: Reservation;
      /** Its owner had reserved it before; the request that it was sent as, or `null`. */
      readonly reservedBefore?: { readonly sentAs: string | null };
    }
  | { readonly stored: StoredAnswer };

export interface Refusal {
  readonly account: AccountName;
  readonly cap: CapName;
  /** Nothing is in flight any more that could come in cheaper and free room. */
  readonly final: boolean;
  /** Why the account is over the cap rather than at it; `null` where it is not. */
  readonly overrun: Overrun | null;
}

export const nothing: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };

export const addReservation = (sum: Committed, { worst, samples }: Reservation): Committed => ({
  samples: sum.samples + samples,
  tokens: sum.tokens + worst.tokens,
  nanoUsd: sum.nanoUsd + worst.nanoUsd,
});

export const accountsOf = (transaction: LedgerDatabase, charge: Charge): Promise<Account[]> =>
  readAccounts(
    transaction,
    accountNames(charge).filter((name) => name !== undefined),
  );

export function firstRefusal(accounts: readonly Account[], added: Committed): Pick<Refusal, 'account' | 'cap'> | null {
  for (const account of accounts) {
    const cap = bindingCap(account, added);
    if (cap !== null) {
      return { account: { kind: account.kind, name: account.name }, cap };
    }
  }
  return null;
}

/**
 * Reserves what each item needs, in the order given, up to the first that a cap refuses, in one transaction. An item is
 * granted whole or not at all.
 */
export async function reserveInOrder<Item, Granted>(
  transaction: LedgerDatabase,
  moment: Moment,
  { owner, charge, items, needsOf, accounts }: ReservationWalk<Item, Granted>,
): Promise<{ readonly granted: Granted[]; readonly overBudget: Refusal | 'busy' | null }> {
  const granted: Granted[] = [];
  const reservations: Reservation[] = [];
  let added = nothing;
  let overBudget: ReturnType<typeof firstRefusal> | 'busy' = null;
  for (const item of items) {
    const needs = await needsOf(item);
    if (needs === 'busy') {
      overBudget = 'busy';
      break;
    }
    const sum = needs.reservations.reduce(addReservation, added);
    const refusal = firstRefusal(accounts, sum);
    if (refusal !== null && needs.reservations.length > 0) {
      overBudget = refusal;
      break;
    }
    added = sum;
    reservations.push(...needs.reservations);
    granted.push(needs.granted);
  }
  await together([
    insertReservations(transaction, moment, { owner, reservations }),
    changeAccounts(transaction, charge, added),
  ]);
  await assertWithinCaps(transaction, charge, accounts, reservations.length > 0);
  if (overBudget === null || overBudget === 'busy') {
    return { granted, overBudget };
  }
  const { account } = overBudget;
  const final = await nothingInFlight(transaction, moment, { owner, account });
  const overrun = await overrunOf(transaction, await readAccount(transaction, account));
  return { granted, overBudget: { ...overBudget, final, overrun } };
}

interface ReservationWalk<Item, Granted> {
  readonly owner: string;
  readonly charge: Charge;
  readonly accounts: readonly Account[];
  readonly items: readonly Item[];
  /** `busy`: another attempt works on the item. */
  readonly needsOf: (item: Item) => Promise<Needs<Granted> | 'busy'>;
}

/** What an item would reserve, and what its buyer is told when it is granted. */
export interface Needs<Granted> {
  readonly granted: Granted;
  readonly reservations: readonly Reservation[];
}

/** @throws TutelageError `transient` when another process considered this one dead: nobody would ever end what it reserves */
export async function insertReservations(
  transaction: LedgerDatabase,
  { at, isShared }: Moment,
  { owner, reservations }: { readonly owner: string; readonly reservations: readonly Reservation[] },
): Promise<void> {
  const rows = reservations.map(({ id, run, experiment, iteration, row, purpose, worst, samples }) => ({
    ...{
      id,
      run,
      experiment,
      iteration: iteration ?? null,
      row,
      purpose,
      samples,
      owner,
      request_hash: null,
      attempt: 1,
      state: 'reserved' as const,
    },
    ...{
      worst_tokens: worst.tokens,
      worst_nano_usd: worst.nanoUsd,
      shared_from: null,
      finish: null,
      estimated: 0,
      absurd: 0,
    },
    ...{ input_tokens: 0, cached_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0, nano_usd: 0 },
    ...{ reserved_at: at, sent_at: null, ended_at: null },
  }));
  // SQLite binds at most 32,766 values in a statement; a row has 24.
  const parts = Array.from({ length: Math.ceil(rows.length / 500) }, (_, part) =>
    rows.slice(part * 500, (part + 1) * 500),
  );
  await together([
    ...(isJob(owner) ? [] : [assertOpen(transaction, owner, isShared)]),
    ...parts.map((part) => transaction.insertInto('calls').values(part).execute()),
  ]);
}

/** Checks invariant 1 inside the transaction that could break it. */
export async function assertWithinCaps(
  transaction: LedgerDatabase,
  charge: Charge,
  before: readonly Account[],
  reserved: boolean,
): Promise<void> {
  if (!reserved) {
    return;
  }
  for (const account of await accountsOf(transaction, charge)) {
    const was = before.find(({ kind }) => kind === account.kind)?.committed ?? account.committed;
    const grown: Committed = {
      samples: account.committed.samples - was.samples,
      tokens: account.committed.tokens - was.tokens,
      nanoUsd: account.committed.nanoUsd - was.nanoUsd,
    };
    const exceeded = bindingCap({ ...account, committed: was }, grown) ?? bindingCap(account, nothing);
    if (exceeded !== null) {
      throw new Error(`a reservation exceeds the cap ${exceeded} of ${account.kind} ${account.name}: this is a defect`);
    }
  }
}

/** Whether the account has no reservation left, once those of dead processes have ended. */
async function nothingInFlight(
  transaction: LedgerDatabase,
  moment: Moment,
  { owner, account }: { readonly owner: string; readonly account: AccountName },
): Promise<boolean> {
  await recoverDead(owner)(transaction, moment);
  const inFlight = await transaction
    .selectFrom('calls')
    .select('id')
    .where(account.kind, '=', account.name)
    .where(isReserved)
    .limit(1)
    .executeTakeFirst();
  return inFlight === undefined;
}
