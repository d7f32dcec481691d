import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { addressOf } from './address';
import { ConnectionLost, isConnectionError, refusalOf } from './errors';

/** Longer than a lock is waited for, which the server ends itself. */
const answerMsMax = 45_000;
/** Whole numbers of 64 bits and their sums; amounts here stay far below 2^53. */
const numberTypes: ReadonlySet<number> = new Set([types.builtins.INT8, types.builtins.NUMERIC]);

/**
 * Settings of each connection. A host that is cut off in the middle of a transaction must not hold a budget's lock for
 * long. Plans are made for the actual values, since the ledger's partial indexes apply to some states only.
 */
const settings = [
  'search_path=tutelage',
  'lock_timeout=30s',
  'idle_in_transaction_session_timeout=20s',
  'plan_cache_mode=force_custom_plan',
];

/**
 * Connections as Kysely wants them. An error of the connection itself comes out as `ConnectionLost`, and that connection
 * is never used again; one of the server's refusals (password, database) as a TutelageError with the next step.
 */
export function openPool(location: string): PostgresPool {
  const address = addressOf(location);
  const pool = new Pool({
    ...address.config,
    ...{ max: 4, keepAlive: true, pipeline: true, connectionTimeoutMillis: 10_000, query_timeout: answerMsMax },
    application_name: `tutelage ${process.pid}`,
    options: settings.map((setting) => `-c ${setting}`).join(' '),
    types: {
      getTypeParser: ((type: number, format: 'text') =>
        numberTypes.has(type) ? Number : types.getTypeParser(type, format)) as typeof types.getTypeParser,
    },
  });
  // An idle connection that breaks is removed by the pool.
  pool.on('error', () => undefined);
  return {
    connect: async () => {
      try {
        return lent(await pool.connect());
      } catch (error) {
        throw refusalOf(error, address) ?? new ConnectionLost(error);
      }
    },
    end: () => pool.end(),
  };
}

function lent(client: PoolClient) {
  let isBroken = false;
  // Between two statements nobody is listening for the loss.
  const onError = () => {
    isBroken = true;
  };
  client.on('error', onError);
  const query = async (text: string, values: unknown[]) => {
    try {
      return await client.query(text, values);
    } catch (error) {
      if (isConnectionError(error)) {
        isBroken = true;
        throw new ConnectionLost(error);
      }
      throw error;
    }
  };
  const release = () => {
    client.off('error', onError);
    client.release(isBroken);
  };
  return { query, release } as unknown as PostgresPoolClient;
}

/** One lent connection as a pool: statements that are asked for at once are sent at once, without waiting for each other. */
export const poolOf = (client: PostgresPoolClient): PostgresPool => ({
  connect: async () => ({ query: client.query, release: () => undefined }) as PostgresPoolClient,
  end: async () => undefined,
});
