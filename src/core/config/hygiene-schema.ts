import { z } from 'zod';

const fraction = z.number().gt(0.5).max(1);

/** The `hygiene` section: which new rows are clean enough to train on. */
export const hygieneSchema = z.strictObject({
  near: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.8)
    .describe(
      'similarity (ROUGE-L over words) from which a question counts as a near duplicate of a known one; 1: the same words only',
    ),
  duplicates: z
    .enum(['reject', 'keep'])
    .default('reject')
    .describe(
      'what happens to new questions that are in the pool or in earlier rows; those in the test set are always rejected',
    ),
  verify: z
    .enum(['none', 'checker', 'agreement'])
    .default('none')
    .describe(
      'checker: rows are rejected when the task itself can tell that their answer is wrong, or your own program does (check: ' +
        'command, which gets a null reference); agreement: the teacher is ' +
        'asked for several answers to each new question, and a row is kept when enough of them agree',
    ),
  // Optional: otherwise runs of versions without these keys would count as changed.
  answers: z
    .int()
    .min(2)
    .max(15)
    .optional()
    .describe('for verify: agreement; number of answers per question, each bought like the first. Default: 3'),
  agree: fraction
    .optional()
    .describe(
      "for verify: agreement; share of the readable answers that must agree with the row's own. Default: more than half",
    ),
});
