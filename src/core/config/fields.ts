import { z } from 'zod';

/** Values that several sections of a configuration hold. */

export const positiveInt = z.int().positive();
export const fraction = z.number().min(0).max(1);
export const filePath = z.string().min(1);

/** `top_p` of sampled answers. */
export const topP = z
  .number()
  .positive()
  .max(1)
  .optional()
  .describe('draw from the fewest tokens that have this probability together; default: 1, all of them');
