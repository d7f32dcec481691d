import { begunRowsCases } from '../../support/ledger-cases/begun-rows';
import { sqliteLedgers } from '../../support/test-ledgers';

const ledgers = sqliteLedgers();
afterAll(() => ledgers.end());

begunRowsCases(() => ledgers);
