import { z } from 'zod';
import { filePath, positiveInt } from '../../../src/core/config/fields';

export const toySchema = z.strictObject({
  kind: z.literal('toy').describe('say a number twice'),
  loud: z.boolean().default(false).describe('answers end in an exclamation mark'),
  quiet: z.boolean().default(false).describe('answers are in brackets'),
  words: filePath.optional().describe('a file that nobody reads'),
  pool_size: positiveInt.default(1000).describe('seed questions'),
  test_size: positiveInt.default(10).describe('test questions'),
});

export type ToyOptions = z.output<typeof toySchema>;
