import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Kysely, SqliteDialect, sql } from 'kysely';
import Database from 'libsql';
import { isTutelageError, messageOf, TutelageError } from '../../core/errors';
import type { Change, LedgerDatabase, LedgerStore, StoreOptions } from './database';
import { giveIdentity, refuseBehind, refuseLostFile } from './identity';
import { migrations, refuseNewer } from './migrations';
import type { LedgerTables } from './schema';

/** For another process's transaction. */
const waitMsMaxDefault = 20_000;

/**
 * `<workspace>/ledger.db`. WAL with synchronous FULL: a commit that returned survives a power cut. One writer at a time
 * (`begin immediate`) is what keeps the caps exact; another process's transaction is waited for.
 */
export async function openSqlite(path: string, options: StoreOptions = {}): Promise<LedgerStore> {
  const { expected, waitMsMax = waitMsMaxDefault } = options;
  refuseLostFile(path, expected);
  const connection = connect(path, waitMsMax);
  const database = new Kysely<LedgerTables>({
    dialect: new SqliteDialect({ database: withStatementCache(connection) }),
  });
  try {
    await transact(database, async (session, moment) => {
      if (expected !== undefined) {
        await refuseBehind(session, path, expected);
      }
      await migrate(session, path);
      await giveIdentity(session, moment);
    });
  } catch (error) {
    await database.destroy();
    throw isTutelageError(error) ? error : unopened(path, error);
  }
  return {
    read: (query) => query(database),
    change: (change) => transact(database, change),
    integrityProblems: async () => {
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database);
      return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    },
    hurry: () => undefined,
    close: async () => {
      // The file alone is whole then. While others have it open, it is they who do this.
      await sql`pragma busy_timeout = 100`.execute(database);
      await sql`pragma wal_checkpoint(truncate)`.execute(database).catch(() => undefined);
      await database.destroy();
    },
  };
}

/**
 * The same file, only to be looked at: nothing is made or changed, and its folder may be read-only. A file that an older
 * version wrote is brought to this version first.
 * @returns `null` for a file that does not exist
 */
export async function openSqliteToRead(path: string, options: StoreOptions = {}): Promise<LedgerStore | null> {
  refuseLostFile(path, options.expected);
  if (!existsSync(path)) {
    return null;
  }
  const database = new Kysely<LedgerTables>({
    dialect: new SqliteDialect({
      database: withStatementCache(connectToRead(path, options.waitMsMax ?? waitMsMaxDefault)),
    }),
  });
  const version = await versionOf(database);
  refuseNewer(version, path);
  if (version < migrations.length) {
    await database.destroy();
    return openSqlite(path, options);
  }
  return {
    read: (query) => query(database),
    change: () => Promise.reject(new Error('the ledger was opened to be read: this is a defect')),
    integrityProblems: () => Promise.resolve([]),
    hurry: () => undefined,
    close: () => database.destroy(),
  };
}

/** Where not even the helper files of other readers can be made, the main file alone is read, as it was last left. */
function connectToRead(path: string, waitMsMax: number): Database.Database {
  const { href } = pathToFileURL(path);
  try {
    const connection = new Database(`${href}?mode=ro`);
    connection.exec(`pragma busy_timeout = ${waitMsMax}`);
    connection.prepare('pragma user_version').all();
    return connection;
  } catch (cause) {
    // A locked file is about to change: what it was when it was last left is not what its money is now.
    if (/^SQLITE_(NOTADB|BUSY)/.test((cause as { code?: string }).code ?? '')) {
      throw unopened(path, cause);
    }
    return new Database(`${href}?immutable=1`);
  }
}

/** What the file or its disk refused while the ledger was in use: it may pass, and the step is repeated. */
function refusal(error: unknown): unknown {
  const code = (error as { code?: string }).code ?? '';
  const [, what, hint] = inUse.find(([pattern]) => pattern.test(code)) ?? [];
  return what === undefined
    ? error
    : new TutelageError('transient', `${what}: ${messageOf(error)}`, hint, { cause: error });
}

const inUse: readonly (readonly [code: RegExp, what: string, hint: string])[] = [
  [/^SQLITE_READONLY/, 'the ledger cannot be written', 'make ledger.db and its folder writable'],
  [/^SQLITE_BUSY/, 'the ledger is locked by another program', 'end that program (a database browser, a backup)'],
  [/^SQLITE_FULL/, 'the disk of the ledger is full', 'free some space'],
  [/^SQLITE_IOERR/, 'the disk of the ledger fails', 'check the disk and the free space'],
];

const unopened = (path: string, cause: unknown) => {
  const { code, message } = cause as { code?: string; message: string };
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new TutelageError(
      'damaged',
      `the ledger ${path} is not a database any more: ${message}`,
      'restore the workspace from a copy that `tutelage backup` made, or start again in another folder (TUTELAGE_HOME)',
      { cause },
    );
  }
  if (code === 'SQLITE_BUSY') {
    return new TutelageError(
      'busy',
      `the ledger ${path} is locked by another program: ${message}`,
      'end that program (a database browser, a backup), then run the same command again',
      { cause },
    );
  }
  return new TutelageError(
    'missing',
    `the ledger ${path} cannot be opened: ${message}`,
    'check that the workspace exists, is writable and has free space',
    { cause },
  );
};

function connect(path: string, waitMsMax: number): Database.Database {
  try {
    const connection = new Database(path);
    connection.exec(`pragma busy_timeout = ${waitMsMax}`);
    connection.exec('pragma journal_mode = wal');
    connection.exec('pragma synchronous = full');
    return connection;
  } catch (cause) {
    throw unopened(path, cause);
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
      throw refusal(error);
    }
  });
}

async function versionOf(session: LedgerDatabase): Promise<number> {
  const { rows } = await sql<{ user_version: number }>`pragma user_version`.execute(session);
  return rows[0]?.user_version ?? 0;
}

async function migrate(session: LedgerDatabase, path: string): Promise<void> {
  const version = await versionOf(session);
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
