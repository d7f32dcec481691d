import { sql } from 'kysely';
import { TutelageError } from '../../../core/errors';
import type { LedgerDatabase } from '../database';
import { inPostgres, migrations, refuseNewer } from '../migrations';

/** Any number: it keeps two machines from bringing one database up to date at once. */
const migrationLock = 7_155_213_908;
/** The first whose transactions can be asked by number how they ended. */
const serverVersionMin = 130_000;

/**
 * The ledger's tables lie in a schema of their own, `tutelage`. A database that is up to date is only read.
 * @param where for messages
 * @throws TutelageError `usage` when a newer program wrote the ledger, or the server is too old
 */
export async function migrate(database: LedgerDatabase, where: string): Promise<void> {
  if ((await versionOf(database, where)) === migrations.length) {
    return;
  }
  await database.connection().execute(async (session) => {
    await sql`begin`.execute(session);
    try {
      await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(session);
      await bringUp(session, await versionOf(session, where));
      await sql`commit`.execute(session);
    } catch (error) {
      await sql`rollback`.execute(session).catch(() => undefined);
      throw error;
    }
  });
}

async function bringUp(session: LedgerDatabase, version: number): Promise<void> {
  if (version === 0) {
    const { rows } = await sql`select 1 from pg_namespace where nspname = 'tutelage'`.execute(session);
    if (rows.length === 0) {
      await sql`create schema tutelage`.execute(session);
    }
    await sql`create table tutelage.version (version bigint not null)`.execute(session);
    await sql`insert into tutelage.version values (0)`.execute(session);
  }
  for (const statement of migrations.slice(version).flat()) {
    await sql.raw(inPostgres(statement)).execute(session);
  }
  await sql`update tutelage.version set version = ${migrations.length}`.execute(session);
}

/** 0 where there are no tables yet. The catalogue is read as a table: what to_regclass returns may be from before a lock. */
async function versionOf(session: LedgerDatabase, where: string): Promise<number> {
  const { rows } = await sql<{ server: string; isThere: boolean }>`
    select current_setting('server_version_num') as server,
      exists (select from pg_tables where schemaname = 'tutelage' and tablename = 'version') as "isThere"`.execute(
    session,
  );
  const { server = '0', isThere = false } = rows[0] ?? {};
  if (Number(server) < serverVersionMin) {
    throw new TutelageError('usage', `PostgreSQL at ${where} is older than version 13`, 'use a newer server');
  }
  if (!isThere) {
    return 0;
  }
  const { rows: versions } = await sql<{ version: number }>`select version from tutelage.version`.execute(session);
  const version = versions[0]?.version ?? 0;
  refuseNewer(version, where);
  return version;
}
