import { type Address, addressOf } from './address';
import { isConflict, isConnectionError, refusalOf } from './errors';

const address: Address = addressOf('postgres://ann@db.lab:5433/ledger');

/** As `pg` gives an error that the server sent. */
const sent = (code: string, message: string) => Object.assign(new Error(message), { severity: 'ERROR', code });

function check(error: unknown, expected: { kind: string; message: string; hint: string } | null) {
  const refusal = refusalOf(error, address);
  expect(refusal && { kind: refusal.kind, message: refusal.message, hint: refusal.hint }).toEqual(expected);
}

test('a disk that is full is waited for by the run, with a sentence', () => {
  check(sent('53100', 'could not extend file: No space left on device'), {
    kind: 'transient',
    message: 'PostgreSQL at db.lab:5433, database ledger cannot write: could not extend file: No space left on device',
    hint: 'free space on the disk of the database; the run then resumes automatically',
  });
});

test('a missing database comes with the command that makes it', () => {
  check(sent('3D000', 'database "ledger" does not exist'), {
    kind: 'missing',
    message: 'PostgreSQL at db.lab:5433 has no database ledger',
    hint: 'make it with: createdb -h db.lab -p 5433 -U ann ledger',
  });
});

test('an error that is temporary is not a refusal', () => {
  for (const code of ['57P01', '57P03', '53300', '08006']) {
    check(sent(code, 'later'), null);
    expect(isConnectionError(sent(code, 'later'))).toBe(true);
  }
  expect(isConnectionError(new Error('read ECONNRESET'))).toBe(true);
  expect(isConnectionError(sent('42703', 'no such column'))).toBe(false);
});

test("two that were in each other's way are told from one that asked for nonsense", () => {
  expect(['40001', '40P01', '23505'].map((code) => isConflict(sent(code, '')))).toEqual([true, true, true]);
  expect(isConflict(sent('42703', ''))).toBe(false);
});
