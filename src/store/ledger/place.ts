import { join } from 'node:path';

/**
 * Where a workspace's ledger is: `TUTELAGE_LEDGER`, the address of a PostgreSQL database that several machines share
 * (`postgres://user@host:port/database`), else the workspace's own file.
 */
export const ledgerPlace = (workspaceRoot: string): string =>
  process.env.TUTELAGE_LEDGER || join(workspaceRoot, 'ledger.db');

export const isPostgres = (place: string): boolean => /^postgres(ql)?:/.test(place);
