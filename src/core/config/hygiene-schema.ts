import { z } from 'zod';

const fraction = z.number().gt(0.5).max(1);

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
    .enum(['none', 'checker', 'agreement'])
    .default('none')
    .describe(
      'checker: rows whose answer the task itself finds wrong are rejected, where it can tell; agreement: the teacher is ' +
        'asked for several answers to each new question, and the row is kept when enough of them agree',
    ),
  // Optional, so that runs of versions that did not know them are still the same runs.
  samples: z
    .int()
    .min(2)
    .max(15)
    .optional()
    .describe('for verify: agreement; answers asked for in all, each bought like the first. Default: 3'),
  agree: fraction
    .optional()
    .describe(
      "for verify: agreement; share of the readable answers that must agree with the row's. Default: more than half",
    ),
});
