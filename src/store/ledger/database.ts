import { Kysely, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';
import { TutelageError } from '../../core/errors';
import { migrations } from './migrations';
import type { LedgerTables } from './schema';

export type LedgerDatabase = Kysely<LedgerTables>;

/**
 * Opens `<workspace>/ledger.db` and brings it to this version's schema. WAL with synchronous FULL: a commit that
 * returned survives a power cut. Another process's transaction is waited for, up to 20 s.
 * @throws TutelageError `missing` when the file cannot be opened, `usage` when a newer version wrote it
 */
export async function openDatabase(path: string): Promise<LedgerDatabase> {
  const connection = connect(path);
  const database = new Kysely<LedgerTables>({
    dialect: new SqliteDialect({ database: withStatementCache(connection) }),
  });
  await database.connection().execute(async (session) => {
    await sql`begin immediate`.execute(session);
    try {
      await migrate(session, path);
      await sql`commit`.execute(session);
    } catch (error) {
      await sql`rollback`.execute(session);
      throw error;
    }
  });
  return database;
}

function connect(path: string): Database.Database {
  try {
    const connection = new Database(path);
    connection.exec('pragma busy_timeout = 20000');
    connection.exec('pragma journal_mode = wal');
    connection.exec('pragma synchronous = full');
    return connection;
  } catch (cause) {
    throw new TutelageError(
      'missing',
      `the ledger ${path} cannot be opened: ${(cause as Error).message}`,
      'check that the workspace exists, is writable and has free space',
      { cause },
    );
  }
}

async function migrate(session: LedgerDatabase, path: string): Promise<void> {
  const { rows } = await sql<{ user_version: number }>`pragma user_version`.execute(session);
  const version = rows[0]?.user_version ?? 0;
  if (version > migrations.length) {
    throw new TutelageError(
      'usage',
      `the ledger ${path} has version ${version}, this program knows versions up to ${migrations.length}`,
      'use the newer tutelage that wrote it, or another workspace',
    );
  }
  for (const statement of migrations.slice(version).flat()) {
    await sql.raw(statement).execute(session);
  }
  await sql.raw(`pragma user_version = ${migrations.length}`).execute(session);
}

/** Kysely prepares every statement anew; the ledger has a few dozen, run many thousand times. */
function withStatementCache(connection: Database.Database) {
  const statements = new Map<string, Database.Statement>();
  return {
    close: () => connection.close(),
    prepare(text: string) {
      let statement = statements.get(text);
      if (statement === undefined) {
        statement = connection.prepare(text);
        if (statements.size < 200) {
          statements.set(text, statement);
        }
      }
      return statement as never;
    },
  };
}
