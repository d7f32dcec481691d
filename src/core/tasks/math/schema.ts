import { z } from 'zod';
import { filePath, positiveInt } from '../../config/fields';
import { type Prompts, promptsSchema } from '../prompts';

export const mathPrompts: Prompts = {
  question:
    'The following is a problem from a mathematics competition.\n\n{question}\n\n' +
    'Write one new problem of the same field and about the same difficulty, with another situation or other numbers. It has one answer, which is ' +
    'a number or an expression. Reply with the problem alone, in LaTeX where it has formulas.',
  answer: 'Solve this problem step by step.\n\n{question}\n\nPut the final answer, and nothing else, in \\boxed{}.',
  student: '{question}\n',
};

export const mathSchema = z.strictObject({
  kind: z
    .literal('math')
    .describe('competition mathematics (arXiv 2103.03874); answers are also compared by math-verify'),
  levels: z.array(z.int().min(1).max(5)).min(1).default([1, 2, 3]).describe('levels of difficulty to use'),
  train: filePath
    .optional()
    .describe(
      'training file with the columns of the published one (problem, solution, level). Default: the published file is downloaded',
    ),
  test: filePath.optional().describe('test file, likewise'),
  pool_size: positiveInt.optional().describe('seed questions to draw from the training file; default: all'),
  test_size: positiveInt.optional().describe('questions to draw from the test file; default: all'),
  prompts: promptsSchema(mathPrompts),
});

export type MathOptions = z.output<typeof mathSchema>;
