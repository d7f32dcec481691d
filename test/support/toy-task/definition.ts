import { defineTask } from '../../../src/core/tasks/definition';
import { answerToy, gradeToy } from './offline';
import { toySchema } from './schema';
import { toy } from './task';

export const toyDefinition = defineTask({
  kind: 'toy',
  schema: toySchema,
  create: toy,
  withPaths: (options, resolve) =>
    options.words === undefined ? options : { ...options, words: resolve(options.words) },
  findings: ({ loud, quiet }) =>
    loud && quiet ? [{ path: ['task', 'quiet'], message: 'not together with loud: true' }] : [],
  offline: { teacher: answerToy, judge: gradeToy },
});
