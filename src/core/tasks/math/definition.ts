import { defineTask } from '../definition';
import { withDataPaths } from '../file-data';
import { mathSchema } from './schema';
import { math } from './task';

export const mathDefinition = defineTask({
  kind: 'math',
  schema: mathSchema,
  create: math,
  withPaths: withDataPaths,
});
