import { TutelageError } from '../../../core/errors';
import { type Address, describeAddress } from './address';

/** The connection broke, or none could be made: what was asked may or may not have been done. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause), { cause });
  }
}

/** The server went away, is not there yet or takes no more connections: worth another try. */
const passingStates = /^(08|57P0|53300|25P03|25006)/;
/** Transactions that got in each other's way; nothing of the loser was kept. */
const conflictStates = new Set(['40001', '40P01', '23505', '55P03']);

/** Whether the connection, not the statement, is what failed. */
export const isConnectionError = (error: unknown): boolean => {
  const state = stateOf(error);
  return state === null || passingStates.test(state);
};

export const isConflict = (error: unknown): boolean => conflictStates.has(stateOf(error) ?? '');

/** One line: what the system or the server said. */
export function reasonOf(error: unknown): string {
  // Where a name has several addresses, Node reports one error for each, and an empty message over them.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}

/** A refusal that waiting does not change, with what to do about it; `null` for anything else. */
export function refusalOf(error: unknown, address: Address): TutelageError | null {
  const { host, port, database, user } = address;
  const where = describeAddress(address);
  const refused = (message: string, hint: string) => new TutelageError('missing', message, hint, { cause: error });
  const state = stateOf(error);
  const reason = reasonOf(error);
  if (state === null) {
    if (/password must be a string/.test(reason)) {
      return refused(
        `PostgreSQL at ${where} wants a password for ${user}`,
        'set PGPASSWORD, or add a line to ~/.pgpass',
      );
    }
    return /SSL|TLS|certificate|self[- ]signed|altname/i.test(reason)
      ? refused(
          `no encrypted connection to PostgreSQL at ${where}: ${reason}`,
          'check sslmode and sslrootcert in TUTELAGE_LEDGER',
        )
      : null;
  }
  switch (state) {
    case '28P01':
    case '28000':
      return refused(
        `PostgreSQL at ${where} does not let ${user} in: ${reason}`,
        'check the user in TUTELAGE_LEDGER and PGPASSWORD, and the pg_hba.conf of the server',
      );
    case '3D000':
      return refused(
        `PostgreSQL at ${host}:${port} has no database ${database}`,
        `make it with: createdb -h ${host} -p ${port} -U ${user} ${database}`,
      );
    case '42501':
      return refused(
        `${user} may not do this on PostgreSQL at ${where}: ${reason}`,
        `let the owner of the database run: GRANT CREATE ON DATABASE ${database} TO ${user}`,
      );
    case '53100':
    case '58030':
      return new TutelageError(
        'transient',
        `PostgreSQL at ${where} cannot write: ${reason}`,
        'free space on the disk of the database; the run then resumes automatically',
        { cause: error },
      );
    default:
      return null;
  }
}

/** PostgreSQL's five characters, for errors that the server sent. */
function stateOf(error: unknown): string | null {
  const { severity, code } = error as { severity?: unknown; code?: unknown };
  return typeof severity === 'string' && typeof code === 'string' ? code : null;
}
