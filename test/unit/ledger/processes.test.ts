import { processCases } from '../../support/ledger-cases/processes';
import { sqliteLedgers } from '../../support/test-ledgers';

const ledgers = sqliteLedgers();
afterAll(() => ledgers.end());

processCases(() => ledgers);
