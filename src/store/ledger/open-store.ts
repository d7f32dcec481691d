import type { LedgerStore, StoreOptions } from './database';
import { isPostgres } from './place';
import { openPostgres } from './postgres/store';
import { openSqlite } from './sqlite';

/**
 * Opens the ledger's database and brings it to this version's schema.
 * @param place a file, or the address of a PostgreSQL database
 * @throws TutelageError `missing` when it cannot be opened, `usage` when a newer version wrote it
 */
export const openStore = (place: string, options: StoreOptions = {}): Promise<LedgerStore> =>
  isPostgres(place) ? openPostgres(place, options) : openSqlite(place);
