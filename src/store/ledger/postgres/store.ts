import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import { isTutelageError } from '../../../core/errors';
import {
  type Change,
  type LedgerDatabase,
  type LedgerStore,
  LedgerUnreachable,
  type StoreOptions,
  type Touched,
} from '../database';
import type { LedgerTables } from '../schema';
import { together } from '../together';
import { type Address, addressOf, describeAddress } from './address';
import { ConnectionLost, isConflict, refusalOf } from './errors';
import { migrate } from './migrate';
import { openPool, poolOf } from './pool';

/** A restart, a failover or a cut network; within a run. */
const patienceMs = 180_000;
/** When a command starts, somebody waits for it. */
const patienceToOpenMs = 5000;
const pauseMs = { first: 100, most: 2000 };
/** A conflict is two hosts that wanted the same at once; the loser sees on its next try what the winner did. */
const conflictsMax = 10;
const looksMax = 200;

/**
 * A ledger that several machines share.
 *
 * Exact reservations: a change first locks the rows of the accounts that it relies on (`select for update`), in one order
 * everywhere, and keeps them until it commits; so reservations against one budget stand in line, as they do behind
 * SQLite's single writer. Serialisable transactions would be exact as well, but all hosts of an experiment read and write
 * the one row of its account: nearly every transaction would fail and be done again, where the lock lets each be done once.
 *
 * Lost connections: a transaction that was sent its commit may have ended either way. PostgreSQL knows which, by the
 * number of the transaction; so the answer is looked up after reconnecting, and only what was not committed is repeated.
 */
export async function openPostgres(place: string, options: StoreOptions): Promise<LedgerStore> {
  const address = addressOf(place);
  const pool = openPool(place);
  const database = kyselyOver(pool);
  const store = new PostgresStore(database, pool, address);
  try {
    await store.read((reading) => migrate(reading, describeAddress(address)));
  } catch (error) {
    await database.destroy();
    throw error;
  }
  store.isOpen = true;
  store.patienceMs = options.patienceMs ?? patienceMs;
  return store;
}

class PostgresStore implements LedgerStore {
  isOpen = false;
  patienceMs = patienceToOpenMs;

  constructor(
    private readonly database: LedgerDatabase,
    private readonly pool: PostgresPool,
    private readonly address: Address,
  ) {}

  async read<T>(query: (database: LedgerDatabase) => Promise<T>): Promise<T> {
    return this.patiently(Date.now(), () => query(this.database));
  }

  async change<T>(change: Change<T>, touched: readonly Touched[]): Promise<T> {
    const since = Date.now();
    for (let conflicts = 0; ; ) {
      const transaction = new OneTransaction(change, touched);
      try {
        return await this.patiently(since, () => transaction.run(this.pool));
      } catch (error) {
        if (!isConflict(error) || ++conflicts > conflictsMax) {
          throw error;
        }
        await sleep(Math.random() * 20 * conflicts);
      }
    }
  }

  integrityProblems(): Promise<string[]> {
    return Promise.resolve([]);
  }

  hurry(): void {
    this.patienceMs = 0;
  }

  close(): Promise<void> {
    return this.database.destroy();
  }

  /** Does it again after the connection was lost, until it works or patience ends. */
  private async patiently<T>(since: number, work: () => Promise<T>): Promise<T> {
    for (let pause = pauseMs.first; ; pause = Math.min(2 * pause, pauseMs.most)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ConnectionLost)) {
          throw isTutelageError(error) ? error : (refusalOf(error, this.address) ?? error);
        }
        const waitedMs = Date.now() - since;
        if (waitedMs + pause > this.patienceMs) {
          throw new LedgerUnreachable(
            this.isOpen ? 'transient' : 'missing',
            `PostgreSQL at ${describeAddress(this.address)} does not answer${waited(waitedMs)}: ${error.message}`,
            'start it, or correct TUTELAGE_LEDGER; nothing that was settled is lost',
            { cause: error },
          );
        }
        await sleep(pause);
      }
    }
  }
}

const kyselyOver = (pool: PostgresPool): LedgerDatabase =>
  new Kysely<LedgerTables>({ dialect: new PostgresDialect({ pool }) });

const waited = (ms: number) => (ms < 1000 ? '' : ` (waited ${Math.round(ms / 1000)} s)`);

/** One change, tried until it is known to be committed or known not to be. */
class OneTransaction<T> {
  /** Of the try whose commit was sent and not answered. */
  private open: { readonly id: string; readonly backend: number; readonly result: T } | null = null;

  constructor(
    private readonly change: Change<T>,
    private readonly touched: readonly Touched[],
  ) {}

  /** @throws ConnectionLost when it may be called again */
  async run(pool: PostgresPool): Promise<T> {
    const client = await pool.connect();
    try {
      return await this.on(kyselyOver(poolOf(client)));
    } finally {
      client.release();
    }
  }

  private async on(session: LedgerDatabase): Promise<T> {
    if (this.open !== null && (await isCommitted(session, this.open))) {
      return this.open.result;
    }
    this.open = null;
    try {
      const [, { id, backend, ...moment }] = await together([
        sql`begin isolation level read committed`.execute(session),
        lockAndLook(session, this.touched),
      ]);
      const result = await this.change(session, { ...moment, isShared: true });
      this.open = { id, backend, result };
      await sql`commit`.execute(session);
      this.open = null;
      return result;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) {
        this.open = null;
        await sql`rollback`.execute(session).catch(() => undefined);
      }
      throw error;
    }
  }
}

interface Look {
  readonly id: string;
  readonly backend: number;
  readonly at: number;
  readonly upSince: number;
}

/**
 * Locks the accounts, runs before experiments, and reads the clock once they are this transaction's: what it writes down
 * is in the order of the commits, whichever host it is on.
 */
async function lockAndLook(session: LedgerDatabase, touched: readonly Touched[]): Promise<Look> {
  const kinds = touched.map(({ kind }) => kind);
  const names = touched.map(({ name }) => name);
  const { rows } = await sql<Look>`
    with locked as (
      select 1 from accounts join unnest(${kinds}::text[], ${names}::text[]) as touched (kind, name) using (kind, name)
      order by kind desc, name for update of accounts
    )
    select pg_current_xact_id()::text as id, pg_backend_pid() as backend,
      floor(extract(epoch from clock_timestamp()) * 1000)::bigint as at,
      floor(extract(epoch from pg_postmaster_start_time()) * 1000)::bigint as "upSince"
    from (select count(*) from locked) as held`.execute(session);
  return rows[0] as Look;
}

/** Waits for the other connection to end, which may have been cut before its commit arrived or after. */
async function isCommitted(
  session: LedgerDatabase,
  { id, backend }: { readonly id: string; readonly backend: number },
): Promise<boolean> {
  for (let looks = 0; looks < looksMax; looks += 1) {
    const { rows } = await sql<{ status: string | null }>`select pg_xact_status(${id}::xid8) as status`.execute(
      session,
    );
    const status = rows[0]?.status;
    if (status !== 'in progress') {
      return status === 'committed';
    }
    await sql`select pg_terminate_backend(${backend}::integer)`.execute(session);
    await sleep(50);
  }
  throw new ConnectionLost(new Error('an earlier transaction of this process does not end'));
}
