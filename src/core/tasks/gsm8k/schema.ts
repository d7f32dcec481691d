import { z } from 'zod';
import { filePath, positiveInt } from '../../config/fields';
import { type Prompts, promptsSchema } from '../prompts';

export const gsm8kPrompts: Prompts = {
  question:
    'The following is a word problem in grade-school mathematics.\n\n{question}\n\n' +
    'Write one new word problem that needs the same kind of reasoning, of about the same difficulty, about another situation and with other ' +
    'numbers. Its answer is one number. Reply with the problem alone.',
  answer:
    'Solve this word problem step by step, with one short line a step.\n\n{question}\n\n' +
    'End with a line that holds #### and the number alone, for instance: #### 72',
  student: '{question}\n',
};

export const gsm8kSchema = z.strictObject({
  kind: z.literal('gsm8k').describe('grade-school word problems (arXiv 2110.14168)'),
  source: z
    .enum(['published', 'templates'])
    .default('published')
    .describe(
      'published: the original dataset; templates: problems in the same form, generated locally, which the offline teacher knows',
    ),
  numbers: z
    .enum(['large', 'small'])
    .optional()
    .describe(
      'for source: templates. large (the default): numbers up to 99; small: every step is in the multiplication or addition table up to ' +
        'nine, which a tiny student can learn from a few hundred rows',
    ),
  train: filePath
    .optional()
    .describe(
      'training file with the columns of the published one (question, answer). Default: the published file is downloaded',
    ),
  test: filePath.optional().describe('test file, likewise'),
  pool_size: positiveInt.optional().describe('seed questions; default: all of the file, or 1000 from templates'),
  test_size: positiveInt.optional().describe('test questions; default: all of the file, or 200 from templates'),
  prompts: promptsSchema(gsm8kPrompts),
});

export type Gsm8kOptions = z.output<typeof gsm8kSchema>;
