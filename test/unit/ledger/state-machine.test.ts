import { stateMachineCases } from '../../support/ledger-cases/state-machine';
import { sqliteLedgers } from '../../support/test-ledgers';

const ledgers = sqliteLedgers();
afterAll(() => ledgers.end());

stateMachineCases(() => ledgers, 40);
