import { join } from 'node:path';
import type { LedgerStore, StoreOptions } from './database';
import { openPostgres } from './postgres/store';
import { openSqlite, openSqliteToRead } from './sqlite';

/**
 * Where a workspace's ledger is: `TUTELAGE_LEDGER`, the address of a PostgreSQL database that several machines share
 * (`postgres://user@host:port/database`), else the workspace's own file.
 */
export const ledgerLocation = (workspaceRoot: string): string =>
  process.env.TUTELAGE_LEDGER || join(workspaceRoot, 'ledger.db');

export const isPostgres = (location: string): boolean => /^postgres(ql)?:/.test(location);

/**
 * Opens the ledger's database and brings it to this version's schema.
 * @param location a file, or the address of a PostgreSQL database
 * @throws TutelageError `missing` when it cannot be opened, `usage` when a newer version wrote it
 */
export const openStore = (location: string, options: StoreOptions = {}): Promise<LedgerStore> =>
  isPostgres(location) ? openPostgres(location, options) : openSqlite(location, options);

/** For whoever only looks; `null` for a file that does not exist. @throws as `openStore` */
export const openStoreToRead = (location: string, options: StoreOptions = {}): Promise<LedgerStore | null> =>
  isPostgres(location) ? openPostgres(location, options) : openSqliteToRead(location, options);
