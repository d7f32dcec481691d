import type { Kysely } from 'kysely';
import { TutelageError } from '../../core/errors';
import type { AccountKind, LedgerTables } from './schema';

export type LedgerDatabase = Kysely<LedgerTables>;

/** When a change happens, by the one clock that everyone who shares the ledger uses. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When the database came up: before that nobody could renew a lease. */
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
  /** Problems that the database itself finds in its data; empty when there are none. */
  integrityProblems(): Promise<string[]>;
  /** From now on do not wait for a database that does not answer: the process is ending. */
  hurry(): void;
  close(): Promise<void>;
}

/** The database did not come back within the waiting time. */
export class LedgerUnreachable extends TutelageError {
  readonly isLedgerUnreachable = true;
}

/**
 * Which ledger it is, and how far it has come: rows are written and never deleted. Counting them would cost PostgreSQL a
 * scan, so its counts are 0; there, the last call that this workspace settled must be found again.
 */
export interface LedgerMark {
  readonly id: string;
  readonly calls: number;
  readonly answers: number;
  /** The id of the call; absent where the workspace has settled none. */
  readonly lastSettled?: string;
}

export interface StoreOptions {
  /** How long to wait for a database that does not answer. */
  readonly waitMsMax?: number;
  /** What the workspace knows of its ledger: another one, or one that is behind it, is refused. */
  readonly expected?: LedgerMark;
}

/**
 * Statements that do not depend on each other, sent at once: over a network they take the time of one. All have ended
 * when it resolves or throws, so that nothing is still running when the transaction ends.
 * @throws what the first of them threw
 */
export async function together<T extends readonly Promise<unknown>[]>(
  statements: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(statements);
  return Promise.all(statements);
}
