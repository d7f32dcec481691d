import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import type { Postgres } from './postgres';

/** Where the cases of the ledger take their databases from: the same cases hold on each kind. */
export interface TestLedgers {
  /** A place where no ledger is yet. */
  fresh(): Promise<string>;
  /** One statement without the product's own code. */
  execute(place: string, statement: string): Promise<unknown>;
  /** Removes what `fresh` made. */
  end(): void;
}

export function sqliteLedgers(): TestLedgers {
  const directory = mkdtempSync(join(tmpdir(), 'tutelage-ledger-'));
  let made = 0;
  return {
    fresh: async () => join(directory, `${++made}.db`),
    execute: async (place, statement) => {
      const database = new Database(place);
      database.exec(statement);
      database.close();
    },
    end: () => rmSync(directory, { recursive: true }),
  };
}

/** Databases of a server that a test has started; it ends with the server. The password is in the environment. */
export function postgresLedgers(postgres: Postgres): TestLedgers {
  return {
    fresh: () => postgres.createDatabase(),
    execute: (place, statement) => postgres.query(`set search_path = tutelage; ${statement}`, place),
    end: () => undefined,
  };
}
