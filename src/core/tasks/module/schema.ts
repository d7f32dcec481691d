import { z } from 'zod';
import { positiveInt } from '../../config/fields';
import { jsonlPrompts } from '../jsonl/schema';
import { promptsShape } from '../prompts';

export const moduleSchema = z.strictObject({
  kind: z
    .templateLiteral([z.string(), '.mjs'])
    .describe('a task of your own: the path of its module, such as ./my-task.mjs (see docs/tasks.md)'),
  options: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('whatever the functions of the module read from their last argument'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a sha256 of 64 hexadecimal digits')
    .optional()
    .describe('of the module. Set when a run starts, so that no worker uses another version of it'),
  pool_size: positiveInt.optional().describe('seed questions to draw from those of the module; default: all'),
  test_size: positiveInt.optional().describe('test questions to draw from those of the module; default: all'),
  prompts: z
    .strictObject({
      ...promptsShape(jsonlPrompts),
      system: z.string().min(1).optional().describe('system message of both requests to the teacher'),
    })
    .prefault({}),
});

export type ModuleOptions = z.output<typeof moduleSchema>;
