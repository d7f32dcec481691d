import { z } from 'zod';

/** The `hygiene` section: which new rows are clean enough to train on. */
export const hygieneSchema = z.strictObject({
  near: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.8)
    .describe('a question this close to a known one (ROUGE-L over words) is a near duplicate; 1: only the same words'),
  duplicates: z
    .enum(['reject', 'keep'])
    .default('reject')
    .describe('new questions that the pool or earlier rows hold; what the test set holds is rejected always'),
  verify: z
    .enum(['none', 'checker'])
    .default('none')
    .describe('checker: rows whose answer the task itself finds wrong are rejected, where it can tell'),
});
