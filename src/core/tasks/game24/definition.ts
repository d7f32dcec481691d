import { defineTask } from '../definition';
import { answerGame24 } from './offline';
import { game24Schema } from './schema';
import { game24 } from './task';

export const game24Definition = defineTask({
  kind: 'game24',
  schema: game24Schema,
  create: game24,
  offline: { teacher: answerGame24 },
});
