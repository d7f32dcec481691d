import { Client, type ClientConfig } from 'pg';
import { TutelageError } from '../../../core/errors';

/** Where the database is, in the parts that may be shown: never the password. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly config: ClientConfig;
}

/**
 * What is not in the address comes from PostgreSQL's own variables (`PGPASSWORD`, `PGSSLMODE`, `~/.pgpass`, ...).
 * @throws TutelageError `usage` when it is not a valid address
 */
export function addressOf(location: string): Address {
  const config = { connectionString: location };
  try {
    const { host, port, database, user } = new Client(config);
    return { host, port, database: database ?? '', user: user ?? '', config };
  } catch {
    // What the parser says may repeat the address, and with it a password.
    throw new TutelageError(
      'usage',
      'TUTELAGE_LEDGER is not an address of a PostgreSQL database',
      'write it as postgres://user@host:port/database, with the password in PGPASSWORD',
    );
  }
}

/** `db.lab:5432, database ledger` */
export const describeAddress = ({ host, port, database }: Address): string => `${host}:${port}, database ${database}`;
