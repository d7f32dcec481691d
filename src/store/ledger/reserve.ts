import type { WorstCase } from '../../core/budget/price';
import { changeAccounts, readAccount } from './accounts';
import { isJob, isReservedOrOwned } from './call-states';
import { type Change, type LedgerDatabase, together } from './database';
import { overrunOf } from './overruns';
import {
  accountsOf,
  addReservation,
  assertWithinCaps,
  type Charge,
  firstRefusal,
  type GrantedCall,
  insertReservations,
  nothing,
  type Refusal,
  type Reservation,
  reserveInOrder,
} from './reservations';
import type { CallsTable } from './schema';
import { readAnswer, type StoredAnswer } from './stored-answer';

export interface RowToReserve {
  /** Names the row within its run. */
  readonly row: string;
  readonly question: WorstCase;
  readonly answer: WorstCase;
  /** Whether this (stored) question will be answered; asked when the run already owns it. */
  wantsAnswer(question: StoredAnswer): boolean;
  /** Further answers to the same question, each at `answer`'s worst case. */
  readonly further?: {
    readonly count: number;
    /** Whether the (stored) answer wants them; asked when the run already owns it. */
    wanted(question: StoredAnswer, answer: StoredAnswer): boolean;
  };
}

export interface GrantedRow {
  readonly row: string;
  readonly question: GrantedCall;
  /** `null` where the stored question wants no answer. */
  readonly answer: GrantedCall | null;
  /** As many as were asked for; none where the stored answer wants none. */
  readonly further: readonly GrantedCall[];
  /** Reserved by its owner for an answer that is not wanted after all. */
  readonly unwanted: readonly Reservation[];
}

export interface Reserved {
  /** Named by `row`; those that an earlier attempt has bought something of come first. */
  readonly granted: readonly GrantedRow[];
  /** Why the others were not granted; `busy`: another attempt works on one. `null` when all were. */
  readonly overBudget: Refusal | 'busy' | null;
}

/**
 * Reserves rows in rank order, up to the first that a cap refuses, in one transaction. Rows that an earlier attempt has
 * paid for, in part or whole, come before all others: the room that lost calls take up must not leave them half
 * bought, and without lost calls they fit, since they were granted together once. A row is granted when
 * everything settled, reserved or unknown, and all of this row's calls at their worst, stay within every cap of the run
 * and of its experiment. Since true prices are never above worst cases, a row is granted exactly when the true prices
 * of the rows before it and its own worst case fit: early or late, the same answers give the same cut.
 */
export function reserveRows(
  owner: string,
  charge: Charge,
  rows: readonly RowToReserve[],
  nextId: () => string,
): Change<Reserved> {
  return async (transaction, moment) => {
    const [owned, accounts] = await together([
      callsOfRows(transaction, charge.run, rows),
      accountsOf(transaction, charge),
    ]);
    const needsOf = async (wanted: RowToReserve) => {
      const granted = await grantRow(transaction, { ...charge, owner }, wanted, owned, nextId);
      return granted === 'busy' ? granted : { granted, reservations: newReservations(granted) };
    };
    const items = begunFirst(rows, owned);
    return reserveInOrder(transaction, moment, { owner, charge, accounts, items, needsOf });
  };
}

/** Reserves the same call anew after its outcome was lost; the lost one continues to count. */
export function reserveAgain(owner: string, lost: Reservation, id: string): Change<Reservation | Refusal> {
  return async (transaction, moment) => {
    const accounts = await accountsOf(transaction, lost);
    const again: Reservation = { ...lost, id };
    const added = addReservation(nothing, again);
    const refusal = firstRefusal(accounts, added);
    if (refusal !== null) {
      const overrun = await overrunOf(transaction, await readAccount(transaction, refusal.account));
      return { ...refusal, final: true, overrun };
    }
    await insertReservations(transaction, moment, { owner, reservations: [again] });
    await changeAccounts(transaction, lost, added);
    await assertWithinCaps(transaction, lost, accounts, true);
    return again;
  };
}

type OwnCall = Pick<CallsTable, 'id' | 'row' | 'purpose' | 'state' | 'shared_from' | 'owner' | 'request_hash'>;

async function callsOfRows(transaction: LedgerDatabase, run: string, rows: readonly RowToReserve[]) {
  const calls: OwnCall[] =
    rows.length === 0
      ? []
      : await transaction
          .selectFrom('calls')
          .select(['id', 'row', 'purpose', 'state', 'shared_from', 'owner', 'request_hash'])
          .where('run', '=', run)
          .where(
            'row',
            'in',
            rows.flatMap((row) => [row.row, ...furtherNames(row)]),
          )
          .where(isReservedOrOwned)
          .execute();
  return new Map(calls.map((call) => [`${call.purpose} ${call.row}`, call]));
}

/** Rows with both calls settled, then those with their question, then those with nothing; each group in rank order. */
function begunFirst(rows: readonly RowToReserve[], owned: ReadonlyMap<string, OwnCall>): RowToReserve[] {
  const missing = ({ row }: RowToReserve) => (owned.has(`answer ${row}`) ? 0 : owned.has(`question ${row}`) ? 1 : 2);
  return rows.toSorted((left, right) => missing(left) - missing(right));
}

/**
 * What the row needs: the run may own its question, or both calls, from an attempt that was interrupted; and the owner
 * may have reserved calls of it, where it is a batch job (`isJob`), which outlives the processes that look after it.
 */
async function grantRow(
  transaction: LedgerDatabase,
  { owner, ...charge }: Charge & { readonly owner: string },
  wanted: RowToReserve,
  owned: ReadonlyMap<string, OwnCall>,
  nextId: () => string,
): Promise<GrantedRow | 'busy'> {
  const { row } = wanted;
  const ownQuestion = owned.get(`question ${row}`);
  const ownAnswer = owned.get(`answer ${row}`);
  const ownFurther = furtherNames(wanted).map((name) => ({ name, own: owned.get(`agreement ${name}`) }));
  const all = [ownQuestion, ownAnswer, ...ownFurther.map(({ own }) => own)];
  if (all.some((call) => call?.state === 'reserved' && !(isJob(owner) && call.owner === owner))) {
    return 'busy';
  }
  const reservation = (id: string, purpose: RowPurpose, name: string): Reservation => ({
    ...{ ...charge, id, row: name, purpose },
    worst: wanted[purpose === 'question' ? 'question' : 'answer'],
    samples: purpose === 'answer' ? 1 : 0,
  });
  const take = async (own: OwnCall | undefined, purpose: RowPurpose, name = row): Promise<GrantedCall> => {
    if (own?.state === 'settled') {
      return { stored: await readAnswer(transaction, own.shared_from ?? own.id) };
    }
    return own === undefined
      ? { reservation: reservation(nextId(), purpose, name) }
      : { reservation: reservation(own.id, purpose, name), reservedBefore: { sentAs: own.request_hash } };
  };
  const takeFurther = () => Promise.all(ownFurther.map(({ own, name }) => take(own, 'agreement', name)));
  const unwantedOf = (calls: readonly { readonly name: string; readonly own: OwnCall | undefined }[]) =>
    calls.flatMap(({ own, name }) =>
      own?.state === 'reserved' && own.request_hash === null
        ? [reservation(own.id, own.purpose as RowPurpose, name)]
        : [],
    );

  const question = await take(ownQuestion, 'question');
  if ('stored' in question && ownAnswer?.state !== 'settled' && !wanted.wantsAnswer(question.stored)) {
    const unwanted = unwantedOf([{ own: ownAnswer, name: row }, ...ownFurther]);
    return { row, question, answer: null, further: [], unwanted };
  }
  const answer = await take(ownAnswer, 'answer');
  const isWanted =
    !('stored' in answer) || !('stored' in question) || wanted.further?.wanted(question.stored, answer.stored);
  return isWanted
    ? { row, question, answer, further: await takeFurther(), unwanted: [] }
    : { row, question, answer, further: [], unwanted: unwantedOf(ownFurther) };
}

type RowPurpose = 'question' | 'answer' | 'agreement';

/** Within a run and purpose every call has a name of its own. */
const furtherNames = ({ row, further }: RowToReserve): string[] =>
  Array.from({ length: further?.count ?? 0 }, (_, index) => `${row}~${index + 1}`);

function newReservations({ question, answer, further }: GrantedRow): Reservation[] {
  return [question, answer, ...further].flatMap((call) =>
    call !== null && 'reservation' in call && call.reservedBefore === undefined ? [call.reservation] : [],
  );
}
