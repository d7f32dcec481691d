import { Kysely, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';
import { TutelageError } from '../../core/errors';
import type { Change, LedgerDatabase, LedgerStore } from './database';
import { migrations, refuseNewer } from './migrations';
import type { LedgerTables } from './schema';

/**
 * `<workspace>/ledger.db`. WAL with synchronous FULL: a commit that returned survives a power cut. One writer at a time
 * (`begin immediate`) is what keeps the caps exact; another process's transaction is waited for, up to 20 s.
 */
export async function openSqlite(path: string): Promise<LedgerStore> {
  const connection = connect(path);
  const database = new Kysely<LedgerTables>({
    dialect: new SqliteDialect({ database: withStatementCache(connection) }),
  });
  await transact(database, (session) => migrate(session, path));
  return {
    read: (query) => query(database),
    change: (change) => transact(database, change),
    integrityProblems: async () => {
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database);
      return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    },
    hurry: () => undefined,
    close: () => database.destroy(),
  };
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

function transact<T>(database: LedgerDatabase, change: Change<T>): Promise<T> {
  return database.connection().execute(async (session) => {
    await sql`begin immediate`.execute(session);
    try {
      const result = await change(session, { at: Date.now(), upSince: 0, isShared: false });
      await sql`commit`.execute(session);
      return result;
    } catch (error) {
      await sql`rollback`.execute(session).catch(() => undefined);
      throw error;
    }
  });
}

async function migrate(session: LedgerDatabase, path: string): Promise<void> {
  const { rows } = await sql<{ user_version: number }>`pragma user_version`.execute(session);
  const version = rows[0]?.user_version ?? 0;
  refuseNewer(version, path);
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
