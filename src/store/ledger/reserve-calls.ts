import type { WorstCase } from '../../core/budget/price';
import type { Committed } from './accounts';
import { changeAccounts } from './accounts';
import { isHeldOrOwned } from './call-states';
import type { Change, LedgerDatabase } from './database';
import { accountsOf, addReservation, assertWithinCaps, firstRefusal, hold, nothingInFlight } from './hold';
import type { Charge, GrantedCall, Refusal, Reservation } from './reserve';
import type { CallPurpose } from './schema';
import { readAnswer } from './stored-answer';
import { together } from './together';

/** A call that stands alone: it makes no row and counts as no sample. */
export interface CallToReserve {
  /** Names the call within its run and purpose. */
  readonly row: string;
  readonly purpose: Exclude<CallPurpose, 'question' | 'answer' | 'verify'>;
  readonly worst: WorstCase;
}

export interface ReservedCalls {
  /** A prefix of the calls asked for. */
  readonly granted: readonly GrantedCall[];
  /** Why the next call was not granted; `busy`: another attempt works on it. `null` when all were. */
  readonly refused: Refusal | 'busy' | null;
}

/** Reserves calls in the order given, up to the first that a cap refuses, in one transaction. */
export function reserveCalls(
  owner: string,
  charge: Charge,
  calls: readonly CallToReserve[],
  nextId: () => string,
): Change<ReservedCalls> {
  return async (transaction, moment) => {
    const accounts = await accountsOf(transaction, charge);
    const granted: GrantedCall[] = [];
    const reservations: Reservation[] = [];
    let added: Committed = { samples: 0, tokens: 0, nanoUsd: 0 };
    let refused: ReservedCalls['refused'] = null;
    for (const call of calls) {
      const owned = await ownedCall(transaction, charge.run, call);
      if (owned?.state === 'reserved') {
        refused = 'busy';
        break;
      }
      if (owned?.state === 'settled') {
        granted.push({ stored: await readAnswer(transaction, owned.shared_from ?? owned.id) });
        continue;
      }
      const reservation: Reservation = { ...charge, ...call, id: nextId(), samples: 0 };
      const sum = addReservation(added, reservation);
      const refusal = firstRefusal(accounts, sum);
      if (refusal !== null) {
        refused = { ...refusal, final: false };
        break;
      }
      added = sum;
      reservations.push(reservation);
      granted.push({ reservation });
    }
    await together([hold(transaction, moment, { owner, reservations }), changeAccounts(transaction, charge, added)]);
    await assertWithinCaps(transaction, charge, accounts, reservations.length > 0);
    if (refused !== null && refused !== 'busy') {
      refused = { ...refused, final: await nothingInFlight(transaction, moment, { owner, account: refused.account }) };
    }
    return { granted, refused };
  };
}

async function ownedCall(transaction: LedgerDatabase, run: string, { row, purpose }: CallToReserve) {
  return transaction
    .selectFrom('calls')
    .select(['id', 'state', 'shared_from'])
    .where('run', '=', run)
    .where('row', '=', row)
    .where('purpose', '=', purpose)
    .where(isHeldOrOwned)
    .executeTakeFirst();
}
