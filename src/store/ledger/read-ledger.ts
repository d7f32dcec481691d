import type { Selectable } from 'kysely';
import type { AccountName } from './accounts';
import type { LedgerDatabase, StoreOptions } from './database';
import { openStore } from './location';
import { recount } from './queries';
import type { AccountsTable, CallsTable, CapChangesTable } from './schema';
import { readAnswer, type StoredAnswer } from './stored-answer';

export type StoredCall = Selectable<CallsTable>;
export type StoredAccount = Selectable<AccountsTable>;
export type StoredCapChange = Selectable<CapChangesTable>;

/** The ledger for auditors: rows as they are stored; writes nothing, opens no session. */
export interface LedgerReader {
  /** In the order in which they were reserved. */
  callsOf(account: AccountName): Promise<readonly StoredCall[]>;
  callsById(ids: readonly string[]): Promise<StoredCall[]>;
  /** @throws TutelageError `damaged` when the answer is missing or cannot be read */
  answerOf(call: string): Promise<StoredAnswer>;
  /** What the answer hashed to when it came; `null` where an older version stored it. */
  answerHashOf(call: string): Promise<string | null>;
  /** Calls of stored answers that no settled call has. */
  answersWithoutCall(): Promise<string[]>;
  account(account: AccountName): Promise<StoredAccount | null>;
  capChangesOf(account: AccountName): Promise<StoredCapChange[]>;
  /** Problems that the database itself finds in its file; empty when there are none. */
  integrityProblems(): Promise<string[]>;
  /** Sentences about accounts that do not add up; empty when all do. */
  recount(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * @param location as `ledgerLocation` says it
 * @throws TutelageError `missing` when it cannot be opened
 */
export async function openLedgerReader(location: string, options: StoreOptions = {}): Promise<LedgerReader> {
  const store = await openStore(location, options);
  // Every check needs them; they are read once, as of one moment. Runs are audited one after the other.
  const known = new Map<string, Promise<readonly StoredCall[]>>();
  const forgetOtherRuns = (key: string) => {
    for (const other of [...known.keys()].filter((one) => one.startsWith('run ') && one !== key)) {
      known.delete(other);
    }
  };
  return {
    callsOf: (account) => {
      const key = `${account.kind} ${account.name}`;
      const calls = known.get(key) ?? store.read((database) => callsOf(database, account));
      if (account.kind === 'run') {
        forgetOtherRuns(key);
      }
      known.set(key, calls);
      return calls;
    },
    callsById: (ids) => store.read((database) => callsById(database, ids)),
    answerOf: (call) => store.read((database) => readAnswer(database, call)),
    answerHashOf: async (call) => {
      const row = await store.read((database) =>
        database.selectFrom('answers').select('sha256').where('call', '=', call).executeTakeFirst(),
      );
      return row?.sha256 ?? null;
    },
    answersWithoutCall: () => store.read(answersWithoutCall),
    account: async ({ kind, name }) => {
      const row = await store.read((database) =>
        database
          .selectFrom('accounts')
          .selectAll()
          .where('kind', '=', kind)
          .where('name', '=', name)
          .executeTakeFirst(),
      );
      return row ?? null;
    },
    capChangesOf: ({ kind, name }) =>
      store.read((database) =>
        database
          .selectFrom('cap_changes')
          .selectAll()
          .where('kind', '=', kind)
          .where('name', '=', name)
          .orderBy('at')
          .execute(),
      ),
    integrityProblems: () => store.integrityProblems(),
    recount: () => store.read(recount),
    close: () => store.close(),
  };
}

const callsOf = (database: LedgerDatabase, { kind, name }: AccountName): Promise<StoredCall[]> =>
  database.selectFrom('calls').selectAll().where(kind, '=', name).orderBy('reserved_at').orderBy('id').execute();

async function callsById(database: LedgerDatabase, ids: readonly string[]): Promise<StoredCall[]> {
  const found: StoredCall[] = [];
  for (let start = 0; start < ids.length; start += 500) {
    const some = ids.slice(start, start + 500);
    found.push(...(await database.selectFrom('calls').selectAll().where('id', 'in', some).execute()));
  }
  return found;
}

async function answersWithoutCall(database: LedgerDatabase): Promise<string[]> {
  const rows = await database
    .selectFrom('answers')
    .leftJoin('calls', 'calls.id', 'answers.call')
    .select('answers.call')
    .where((when) => when.or([when('calls.state', 'is', null), when('calls.state', '<>', 'settled')]))
    .execute();
  return rows.map(({ call }) => call);
}

/** Calls that make a row, or ask for its answer again; the others grade an answer of the student. */
export const isOfRow = (purpose: StoredCall['purpose']): boolean =>
  purpose === 'question' || purpose === 'answer' || purpose === 'agreement';

/** The row that a call belongs to: a further answer is named by its row and its number, `seed#0#hash~2`. */
export const rowOf = ({ purpose, row }: StoredCall): string =>
  purpose === 'agreement' ? row.replace(/~\d+$/, '') : row;
