import { z } from 'zod';

/** Values that several sections of a configuration hold. */

/** Rows, steps, tokens of one thing: a thousand million is more than any of them can be. */
export const positiveInt = z.int().positive().max(1_000_000_000);
export const fraction = z.number().min(0).max(1);
export const filePath = z.string().min(1);

/** `top_p` of sampled answers. */
export const topP = z
  .number()
  .positive()
  .max(1)
  .optional()
  .describe('draw from the fewest tokens that have this probability together; default: 1, all of them');
