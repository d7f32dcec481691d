import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import { isTutelageError, TutelageError } from '../../../core/errors';
import {
  type Change,
  type LedgerDatabase,
  type LedgerMark,
  type LedgerStore,
  LedgerUnreachable,
  type StoreOptions,
  type Touched,
  together,
} from '../database';
import { giveIdentity, readMark } from '../identity';
import type { LedgerTables } from '../schema';
import { type Address, addressOf, describeAddress } from './address';
import { ConnectionLost, isConflict, refusalOf } from './errors';
import { migrate } from './migrate';
import { openPool, poolOf } from './pool';

/** A restart, a failover or a cut network; within a run. */
const waitMsMax = 180_000;
/** When a command starts, somebody waits for it. */
const waitToOpenMsMax = 5000;
const pauseMs = { first: 100, most: 2000 };
/** A conflict is two hosts that wanted the same at once; the loser sees on its next try what the winner did. */
const conflictsMax = 10;
const checksMax = 200;

/**
 * A ledger that several machines share.
 *
 * Exact reservations: a change first locks the rows of the accounts that it relies on (`select for update`), in one order
 * everywhere, and keeps them until it commits; so reservations against one budget queue up, as they do behind
 * SQLite's single writer. Serialisable transactions would be exact as well, but all hosts of an experiment read and write
 * the one row of its account: nearly every transaction would fail and be done again, where the lock lets each be done once.
 *
 * Lost connections: a transaction that was sent its commit may have ended either way. PostgreSQL knows which, by the
 * number of the transaction; so the answer is looked up after reconnecting, and only what was not committed is repeated.
 */
export async function openPostgres(location: string, options: StoreOptions): Promise<LedgerStore> {
  const address = addressOf(location);
  const pool = openPool(location);
  const database = kyselyOver(pool);
  const store = new PostgresStore(database, pool, address);
  try {
    await store.read((reading) => migrate(reading, describeAddress(address)));
    const mark = await store.read(async (reading) => {
      await giveIdentity(reading, { at: Date.now(), upSince: 0, isShared: true });
      return readMark(reading, false);
    });
    if (options.expected !== undefined) {
      refuseOther(address, options.expected, mark);
      await refuseBehind(store, address, options.expected);
    }
  } catch (error) {
    await database.destroy();
    throw error;
  }
  store.isOpen = true;
  store.waitMsMax = options.waitMsMax ?? waitMsMax;
  return store;
}

/** @throws TutelageError `damaged` */
function refuseOther(address: Address, expected: LedgerMark, found: LedgerMark): void {
  if (expected.id !== found.id) {
    throw new TutelageError(
      'damaged',
      `PostgreSQL at ${describeAddress(address)} holds another ledger than the one that this workspace used before`,
      'correct TUTELAGE_LEDGER, or restore the database; another ledger needs another workspace (TUTELAGE_HOME)',
    );
  }
}

/** @throws TutelageError `damaged` for a database that was restored to a state before the workspace's last settled call */
async function refuseBehind(store: PostgresStore, address: Address, { lastSettled }: LedgerMark): Promise<void> {
  if (lastSettled === undefined) {
    return;
  }
  const call = await store.read((database) =>
    database
      .selectFrom('calls')
      .select('id')
      .where('id', '=', lastSettled)
      .where('state', '=', 'settled')
      .executeTakeFirst(),
  );
  if (call === undefined) {
    throw new TutelageError(
      'damaged',
      `PostgreSQL at ${describeAddress(address)} holds an earlier state of the ledger: the last call that this workspace settled is not in it`,
      'restore the newest state of the database; with none, start again with an empty one in another workspace (TUTELAGE_HOME)',
    );
  }
}

class PostgresStore implements LedgerStore {
  isOpen = false;
  waitMsMax = waitToOpenMsMax;

  constructor(
    private readonly database: LedgerDatabase,
    private readonly pool: PostgresPool,
    private readonly address: Address,
  ) {}

  async read<T>(query: (database: LedgerDatabase) => Promise<T>): Promise<T> {
    return this.waitingOut(Date.now(), () => query(this.database));
  }

  async change<T>(change: Change<T>, touched: readonly Touched[]): Promise<T> {
    const since = Date.now();
    for (let conflicts = 0; ; ) {
      const transaction = new OneTransaction(change, touched);
      try {
        return await this.waitingOut(since, () => transaction.run(this.pool));
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
    this.waitMsMax = 0;
  }

  close(): Promise<void> {
    return this.database.destroy();
  }

  /** Does it again after the connection was lost, until it works or the waiting time is over. */
  private async waitingOut<T>(since: number, work: () => Promise<T>): Promise<T> {
    for (let pause = pauseMs.first; ; pause = Math.min(2 * pause, pauseMs.most)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof ConnectionLost)) {
          throw isTutelageError(error) ? error : (refusalOf(error, this.address) ?? error);
        }
        const waitedMs = Date.now() - since;
        if (waitedMs + pause > this.waitMsMax) {
          throw new LedgerUnreachable(
            this.isOpen ? 'transient' : 'missing',
            `PostgreSQL at ${describeAddress(this.address)} does not answer${waited(waitedMs)}: ${error.message}`,
            'start it, or correct TUTELAGE_LEDGER; settled calls are safe',
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
    from (select count(*) from locked) as all_locked`.execute(session);
  return rows[0] as Look;
}

/** Waits for the other connection to end, which may have been cut before its commit arrived or after. */
async function isCommitted(
  session: LedgerDatabase,
  { id, backend }: { readonly id: string; readonly backend: number },
): Promise<boolean> {
  for (let looks = 0; looks < checksMax; looks += 1) {
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
