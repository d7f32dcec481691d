import { sql } from 'kysely';
import {
  type Account,
  type AccountName,
  accountNames,
  type CapName,
  capNames,
  changeAccounts,
  readAccounts,
} from './accounts';
import { isReserved } from './call-states';
import type { LedgerDatabase, Moment } from './database';

/** A settled call that was billed above its reserved worst case, and the cap that this took an account over. */
export interface Overrun {
  readonly account: AccountName;
  readonly cap: CapName;
  /** In the units of the cap. */
  readonly limit: number;
  readonly committed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly worstTokens: number;
}

interface CallCharge {
  readonly run: string;
  readonly experiment: string | null;
}

/** What a statement asks of a call in words, as in `call-states.ts`. */
export const isOverrun = sql<boolean>`(state = 'settled' and (input_tokens + output_tokens > worst_tokens or nano_usd > worst_nano_usd))`;

/** The cap that the account has passed, which only a bill above the worst case can do; or `null`. */
export function exceededCap({ caps, committed }: Pick<Account, 'caps' | 'committed'>): CapName | null {
  return capNames.find((cap) => committed[cap] > (caps[cap] ?? Number.POSITIVE_INFINITY)) ?? null;
}

/**
 * After a call was billed above its worst case. Where an account is over a cap by now, what is reserved on it and was
 * not sent is released, in the same transaction: nothing more is sent on that account.
 */
export async function stopAccountsOverCap(
  transaction: LedgerDatabase,
  moment: Moment,
  charge: CallCharge,
): Promise<Overrun | null> {
  let first: Overrun | null = null;
  for (const account of await readAccounts(transaction, namesOf(charge))) {
    const overrun = await overrunOf(transaction, account);
    if (overrun !== null) {
      first ??= overrun;
      await releaseUnsent(transaction, moment, account);
    }
  }
  return first;
}

/** Why an account is over a cap; `null` where it is not. */
export async function overrunOf(transaction: LedgerDatabase, account: Account): Promise<Overrun | null> {
  const cap = exceededCap(account);
  const unbilled = { inputTokens: 0, outputTokens: 0, worstTokens: 0 };
  return cap === null ? null : { ...unbilled, ...(await latestOverrun(transaction, account)), ...capOf(account, cap) };
}

/**
 * Why a call was released that its caller still wanted to send; `null` where no overrun was the reason. What was released
 * may have brought the account below its cap again, so the account named is the one that has used most of a cap.
 */
export async function overrunBehindRelease(transaction: LedgerDatabase, charge: CallCharge): Promise<Overrun | null> {
  const shares = (await readAccounts(transaction, namesOf(charge))).flatMap((account) =>
    (['tokens', 'nanoUsd'] as const).flatMap((cap) => {
      const limit = account.caps[cap];
      return limit == null ? [] : [{ account, cap, used: limit === 0 ? 1 : account.committed[cap] / limit }];
    }),
  );
  const [most] = shares.sort((left, right) => right.used - left.used);
  const call = most === undefined ? null : await latestOverrun(transaction, most.account);
  return most === undefined || call === null ? null : { ...call, ...capOf(most.account, most.cap) };
}

/** True of a call whose run or experiment is over a cap. One condition of the statement that marks a call as sent. */
export const isOnAccountOverCap = sql<boolean>`exists (select 1 from accounts where
  ((accounts.kind = 'run' and accounts.name = calls.run) or (accounts.kind = 'experiment' and accounts.name = calls.experiment))
  and (accounts.tokens > accounts.cap_tokens or accounts.nano_usd > accounts.cap_nano_usd))`;

const namesOf = (charge: CallCharge): AccountName[] => accountNames(charge).filter((name) => name !== undefined);

const capOf = ({ kind, name, caps, committed }: Account, cap: CapName) => ({
  account: { kind, name },
  cap,
  limit: caps[cap] ?? Number.POSITIVE_INFINITY,
  committed: committed[cap],
});

async function latestOverrun(transaction: LedgerDatabase, { kind, name }: AccountName) {
  const call = await transaction
    .selectFrom('calls')
    .select(['input_tokens', 'output_tokens', 'worst_tokens'])
    .where(kind, '=', name)
    .where(isOverrun)
    .orderBy('ended_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return call === undefined
    ? null
    : { inputTokens: call.input_tokens, outputTokens: call.output_tokens, worstTokens: call.worst_tokens };
}

/** One by one and only while unsent: another change of the same transaction may be sending one of them. */
async function releaseUnsent(transaction: LedgerDatabase, { at }: Moment, { kind, name }: AccountName): Promise<void> {
  const unsent = await transaction
    .selectFrom('calls')
    .select(['id', 'run', 'experiment', 'samples', 'worst_tokens', 'worst_nano_usd'])
    .where(kind, '=', name)
    .where(isReserved)
    .where('request_hash', 'is', null)
    .orderBy('id')
    .execute();
  for (const call of unsent) {
    const { numUpdatedRows } = await transaction
      .updateTable('calls')
      .set({ state: 'released', samples: 0, ended_at: at })
      .where('id', '=', call.id)
      .where(isReserved)
      .where('request_hash', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 1n) {
      const { samples, worst_tokens, worst_nano_usd } = call;
      await changeAccounts(transaction, call, { samples: -samples, tokens: -worst_tokens, nanoUsd: -worst_nano_usd });
    }
  }
}
