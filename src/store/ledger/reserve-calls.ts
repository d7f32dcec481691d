import type { WorstCase } from '../../core/budget/price';
import { isReservedOrOwned } from './call-states';
import type { Change, LedgerDatabase } from './database';
import {
  accountsOf,
  type Charge,
  type GrantedCall,
  type Needs,
  type Refusal,
  type Reservation,
  reserveInOrder,
} from './reservations';
import type { CallPurpose } from './schema';
import { readAnswer } from './stored-answer';

/** A call that stands alone: it makes no row and counts as no sample. */
export interface CallToReserve {
  /** Names the call within its run and purpose. */
  readonly row: string;
  readonly purpose: Exclude<CallPurpose, 'question' | 'answer' | 'agreement'>;
  readonly worst: WorstCase;
}

export interface ReservedCalls {
  /** A prefix of the calls asked for. */
  readonly granted: readonly GrantedCall[];
  /** Why the next call was not granted; `busy`: another attempt works on it. `null` when all were. */
  readonly overBudget: Refusal | 'busy' | null;
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
    const needsOf = async (call: CallToReserve): Promise<Needs<GrantedCall> | 'busy'> => {
      const owned = await ownedCall(transaction, charge.run, call);
      if (owned?.state === 'reserved') {
        return 'busy';
      }
      if (owned?.state === 'settled') {
        return { granted: { stored: await readAnswer(transaction, owned.shared_from ?? owned.id) }, reservations: [] };
      }
      const reservation: Reservation = { ...charge, ...call, id: nextId(), samples: 0 };
      return { granted: { reservation }, reservations: [reservation] };
    };
    return reserveInOrder(transaction, moment, { owner, charge, accounts, items: calls, needsOf });
  };
}

async function ownedCall(transaction: LedgerDatabase, run: string, { row, purpose }: CallToReserve) {
  return transaction
    .selectFrom('calls')
    .select(['id', 'state', 'shared_from'])
    .where('run', '=', run)
    .where('row', '=', row)
    .where('purpose', '=', purpose)
    .where(isReservedOrOwned)
    .executeTakeFirst();
}
