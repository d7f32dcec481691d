import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { AccountName } from './accounts';
import { openDatabase } from './database';
import type { AccountsTable, CallsTable, CapChangesTable } from './schema';
import { readAnswer, type StoredAnswer } from './stored-answer';

export type StoredCall = Selectable<CallsTable>;
export type StoredAccount = Selectable<AccountsTable>;
export type StoredCapChange = Selectable<CapChangesTable>;

/** The ledger as an auditor reads it: rows as they are stored, nothing written, no session opened. */
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
  /** What the database itself finds wrong with its file; empty when nothing. */
  integrityProblems(): Promise<string[]>;
  close(): Promise<void>;
}

/** @throws TutelageError `missing` when the file cannot be opened */
export async function openLedgerReader(path: string): Promise<LedgerReader> {
  const database = await openDatabase(path);
  // Every check asks for them; they are read once, as of one moment.
  const read = new Map<string, Promise<readonly StoredCall[]>>();
  return {
    callsOf: ({ kind, name }) => {
      const key = `${kind} ${name}`;
      const query = database
        .selectFrom('calls')
        .selectAll()
        .where(kind, '=', name)
        .orderBy('reserved_at')
        .orderBy('id');
      const calls = read.get(key) ?? query.execute();
      read.set(key, calls);
      return calls;
    },
    callsById: async (ids) => {
      const found: StoredCall[] = [];
      for (let start = 0; start < ids.length; start += 500) {
        const some = ids.slice(start, start + 500);
        found.push(...(await database.selectFrom('calls').selectAll().where('id', 'in', some).execute()));
      }
      return found;
    },
    answerOf: (call) => readAnswer(database, call),
    answerHashOf: async (call) => {
      const row = await database.selectFrom('answers').select('sha256').where('call', '=', call).executeTakeFirst();
      return row?.sha256 ?? null;
    },
    answersWithoutCall: async () => {
      const rows = await database
        .selectFrom('answers')
        .leftJoin('calls', 'calls.id', 'answers.call')
        .select('answers.call')
        .where((when) => when.or([when('calls.state', 'is', null), when('calls.state', '<>', 'settled')]))
        .execute();
      return rows.map(({ call }) => call);
    },
    account: async ({ kind, name }) => {
      const query = database.selectFrom('accounts').selectAll().where('kind', '=', kind).where('name', '=', name);
      return (await query.executeTakeFirst()) ?? null;
    },
    capChangesOf: ({ kind, name }) =>
      database
        .selectFrom('cap_changes')
        .selectAll()
        .where('kind', '=', kind)
        .where('name', '=', name)
        .orderBy('at')
        .execute(),
    integrityProblems: async () => {
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database);
      return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    },
    close: () => database.destroy(),
  };
}
