import { type Account, type AccountName, accountNames, bindingCap, type Committed, readAccounts } from './accounts';
import { isReserved } from './call-states';
import type { LedgerDatabase, Moment } from './database';
import { isJob } from './owner';
import type { Charge, Refusal, Reservation } from './reserve';
import { assertOpen, recoverDead } from './sessions';
import { together } from './together';

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

export function firstRefusal(accounts: readonly Account[], added: Committed): Omit<Refusal, 'final'> | null {
  for (const account of accounts) {
    const cap = bindingCap(account, added);
    if (cap !== null) {
      return { account: { kind: account.kind, name: account.name }, cap };
    }
  }
  return null;
}

/** @throws TutelageError `transient` when another process took this one for dead: what it would hold nobody would end */
export async function hold(
  transaction: LedgerDatabase,
  { at, isShared }: Moment,
  { owner, reservations }: { readonly owner: string; readonly reservations: readonly Reservation[] },
): Promise<void> {
  const rows = reservations.map(({ id, run, experiment, row, purpose, worst, samples }) => ({
    ...{
      id,
      run,
      experiment,
      row,
      purpose,
      samples,
      owner,
      request_hash: null,
      attempt: 1,
      state: 'reserved' as const,
    },
    ...{ worst_tokens: worst.tokens, worst_nano_usd: worst.nanoUsd, shared_from: null, finish: null, estimated: 0 },
    ...{ input_tokens: 0, cached_tokens: 0, output_tokens: 0, reasoning_tokens: 0, nano_usd: 0 },
    ...{ reserved_at: at, sent_at: null, ended_at: null },
  }));
  // SQLite binds at most 32,766 values in a statement; a row has 23.
  const parts = Array.from({ length: Math.ceil(rows.length / 500) }, (_, part) =>
    rows.slice(part * 500, (part + 1) * 500),
  );
  await together([
    ...(isJob(owner) ? [] : [assertOpen(transaction, owner, isShared)]),
    ...parts.map((part) => transaction.insertInto('calls').values(part).execute()),
  ]);
}

/** Invariant 1, looked at inside the transaction that could break it. */
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
    const nothing: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };
    const grown: Committed = {
      samples: account.committed.samples - was.samples,
      tokens: account.committed.tokens - was.tokens,
      nanoUsd: account.committed.nanoUsd - was.nanoUsd,
    };
    const passed = bindingCap({ ...account, committed: was }, grown) ?? bindingCap(account, nothing);
    if (passed !== null) {
      throw new Error(`a reservation passed the cap ${passed} of ${account.kind} ${account.name}: this is a defect`);
    }
  }
}

/** Nothing of the account is reserved any more, once what dead processes left has ended. */
export async function nothingInFlight(
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
