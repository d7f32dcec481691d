import { begunRowsCases } from '../support/ledger-cases/begun-rows';
import { processCases } from '../support/ledger-cases/processes';
import { stateMachineCases } from '../support/ledger-cases/state-machine';
import { type Postgres, startPostgres } from '../support/postgres';
import { postgresLedgers, type TestLedgers } from '../support/test-ledgers';

/** What holds on SQLite holds on PostgreSQL: the same cases. */
let postgres: Postgres;
let ledgers: TestLedgers;

beforeAll(async () => {
  postgres = await startPostgres();
  process.env.PGPASSWORD = postgres.password;
  ledgers = postgresLedgers(postgres);
});

afterAll(() => postgres.stop());

begunRowsCases(() => ledgers);
stateMachineCases(() => ledgers, 10);
processCases(() => ledgers);
