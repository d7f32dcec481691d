import { openLedger } from '../../src/store/ledger';
import { makeCertificates } from '../support/certificates';
import { type Postgres, startPostgres } from '../support/postgres';

/** Encrypted connections to the ledger's database, and those that must not come about. */
const certificates = makeCertificates('IP:127.0.0.1');
let postgres: Postgres;
let place: string;

beforeAll(async () => {
  postgres = await startPostgres({ tls: certificates });
  process.env.PGPASSWORD = postgres.password;
  place = await postgres.createDatabase();
});

afterAll(() => postgres.stop());

test('with the right authority every connection is encrypted', async () => {
  const ledger = await openLedger(`${place}?sslmode=verify-full&sslrootcert=${certificates.authority}`);
  await ledger.openAccount({ run: 'run', experiment: null, budget: { samples: 1 } });
  const connections = await postgres.query(
    "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name like 'tutelage %'",
  );
  expect(connections.length).toBeGreaterThan(0);
  expect(connections.every(({ ssl }) => ssl === true)).toBe(true);
  await ledger.close();
});

test('a certificate of another authority is refused, with what to check', async () => {
  const { authority } = makeCertificates('IP:127.0.0.1');
  await expect(openLedger(`${place}?sslmode=verify-full&sslrootcert=${authority}`)).rejects.toMatchObject({
    kind: 'missing',
    message: expect.stringContaining('no encrypted connection to PostgreSQL at 127.0.0.1'),
    hint: 'check sslmode and sslrootcert in TUTELAGE_LEDGER',
  });
});

test('a certificate for another name is refused', async () => {
  const other = makeCertificates('DNS:elsewhere.test');
  const impostor = await startPostgres({ tls: other });
  await expect(openLedger(`${impostor.url}?sslmode=verify-full&sslrootcert=${other.authority}`)).rejects.toMatchObject({
    kind: 'missing',
    message: expect.stringContaining('no encrypted connection'),
  });
  await impostor.stop();
});
