import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { sql } from 'kysely';
import { TutelageError } from '../../core/errors';
import type { Change, LedgerDatabase, LedgerMark } from './database';

/** Gives a new ledger its id. */
export const giveIdentity: Change<void> = async (transaction) => {
  const known = await transaction.selectFrom('identity').select('id').executeTakeFirst();
  if (known !== undefined) {
    return;
  }
  const values = { one: 1, id: randomUUID() };
  await transaction
    .insertInto('identity')
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
};

export async function readMark(database: LedgerDatabase, isSqlite: boolean): Promise<LedgerMark> {
  const { id } = await database.selectFrom('identity').select('id').executeTakeFirstOrThrow();
  return { id, ...(isSqlite ? await rowsWritten(database) : { calls: 0, answers: 0 }) };
}

/** The number of the last row, which SQLite finds without looking at the others. */
async function rowsWritten(database: LedgerDatabase): Promise<Omit<LedgerMark, 'id'>> {
  const { rows } = await sql<{ calls: number | null; answers: number | null }>`
    select (select max(rowid) from calls) as calls, (select max(rowid) from answers) as answers`.execute(database);
  return { calls: rows[0]?.calls ?? 0, answers: rows[0]?.answers ?? 0 };
}

/** @throws TutelageError `damaged` for a file that is gone or empty, although the workspace had a ledger */
export function refuseLostFile(path: string, expected: LedgerMark | undefined): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? null;
  if (expected !== undefined && (size === null || size === 0)) {
    throw lostCalls(path, size === null ? 'is gone' : 'is empty', expected);
  }
}

/**
 * To be called before anything is written, so that what is left of the file can still be restored.
 * @throws TutelageError `damaged` for another ledger than the workspace's, or an older state of it
 */
export async function refuseBehind(database: LedgerDatabase, path: string, expected: LedgerMark): Promise<void> {
  const { rows } = await sql`select 1 from sqlite_master where type = 'table' and name = 'identity'`.execute(database);
  const found = rows.length === 0 ? null : await readMark(database, true).catch(() => null);
  if (found === null) {
    throw lostCalls(path, 'has lost what was in it', expected);
  }
  if (found.id !== expected.id) {
    throw lostCalls(path, 'is the ledger of another workspace, or was begun anew', expected);
  }
  if (found.calls < expected.calls || found.answers < expected.answers) {
    throw lostCalls(path, `has only ${found.calls} calls and ${found.answers} answers`, expected);
  }
}

const lostCalls = (path: string, what: string, { calls, answers }: LedgerMark) =>
  new TutelageError(
    'damaged',
    `the ledger ${path} ${what}; this workspace has had ${calls} calls and ${answers} answers in it`,
    'put ledger.db and ledger.db-wal back together, or restore the whole workspace from a copy that `tutelage backup` made; with neither, start again in another folder (TUTELAGE_HOME)',
  );
