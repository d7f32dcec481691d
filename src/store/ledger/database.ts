import type { Kysely } from 'kysely';
import { TutelageError } from '../../core/errors';
import type { AccountKind, LedgerTables } from './schema';

export type LedgerDatabase = Kysely<LedgerTables>;

/** When a change happens, by the one clock that all who share the ledger go by. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Since when the database answers: before that nobody could renew a lease. */
  readonly upSince: number;
  /** Whether other machines may work on the same ledger. */
  readonly isShared: boolean;
}

/** A change to the ledger. It may run a second time after a rollback, so it keeps nothing outside its result. */
export type Change<T> = (transaction: LedgerDatabase, moment: Moment) => Promise<T>;

/** An account whose caps a change relies on. */
export interface Touched {
  readonly kind: AccountKind;
  readonly name: string;
}

/** What the ledger needs of a database. SQLite and PostgreSQL give the same guarantees in their own ways. */
export interface LedgerStore {
  read<T>(query: (database: LedgerDatabase) => Promise<T>): Promise<T>;
  /**
   * One transaction, durable when it resolves. Nobody else changes the touched accounts, nor calls that are charged to
   * them, between what the change reads and its commit.
   * @throws LedgerUnreachable when the database stayed away; whether the change was committed may not be known then
   */
  change<T>(change: Change<T>, touched: readonly Touched[]): Promise<T>;
  /** What the database itself finds wrong with its data; empty when nothing. */
  integrityProblems(): Promise<string[]>;
  /** From now on a database that does not answer is not waited for: the process wants to end. */
  hurry(): void;
  close(): Promise<void>;
}

/** The database did not come back within the time it was waited for. */
export class LedgerUnreachable extends TutelageError {
  readonly isLedgerUnreachable = true;
}

export interface StoreOptions {
  /** How long a database that went away is waited for. */
  readonly patienceMs?: number;
}
