import { z } from 'zod';
import { positiveInt } from '../../config/fields';

export const operatorChainsSchema = z.strictObject({
  kind: z.literal('operator-chains').describe('expressions over digits; the task of the quickstart'),
  step_weights: z
    .array(z.number().nonnegative().max(1_000_000))
    .min(1)
    .max(5)
    .refine((weights) => weights.some((weight) => weight > 0), 'at least one weight above 0')
    .default([1])
    .describe('relative frequency of expressions with 1, 2, 3, ... steps, such as [0.5, 0.35, 0.15]'),
  zipf: z
    .number()
    .nonnegative()
    .max(100)
    .default(1.5)
    .describe('operator k is drawn with probability proportional to 1/k^zipf'),
  pool_size: positiveInt.default(3000).describe('seed questions in the fixed pool'),
  test_size: positiveInt.default(600).describe('questions in each of the two test sets'),
});

export type OperatorChainsOptions = z.output<typeof operatorChainsSchema>;
