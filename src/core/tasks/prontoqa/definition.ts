import { defineTask } from '../definition';
import { answerProntoqa } from './offline';
import { prontoqaSchema } from './schema';
import { prontoqa } from './task';

export const prontoqaDefinition = defineTask({
  kind: 'prontoqa',
  schema: prontoqaSchema,
  create: prontoqa,
  offline: { teacher: answerProntoqa },
});
