import { defineTask } from '../definition';
import { answerOperatorChains } from './offline';
import { gradeOperatorChains } from './offline-judge';
import { operatorChainsSchema } from './schema';
import { operatorChains } from './task';

export const operatorChainsDefinition = defineTask({
  kind: 'operator-chains',
  schema: operatorChainsSchema,
  create: operatorChains,
  offline: { teacher: answerOperatorChains, judge: gradeOperatorChains },
});
