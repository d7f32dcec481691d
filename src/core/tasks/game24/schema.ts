import { z } from 'zod';
import { positiveInt } from '../../config/fields';
import { type Prompts, promptsSchema } from '../prompts';

export const game24Prompts: Prompts = {
  question:
    'Game of 24: four whole numbers from 1 to 13 are put together with + - * / and parentheses, each number exactly once, to make 24. ' +
    'This is a puzzle: {question}\nWrite one new puzzle of about the same difficulty that has a solution. ' +
    'Reply with its four numbers, separated by spaces, and nothing else.',
  answer:
    'Game of 24: put the four numbers together with + - * / and parentheses, each exactly once, to make 24.\n' +
    'Numbers: {question}\nReply with the expression alone, for instance (10 - 4) * (13 - 9).',
  student: '{question}\n',
};

export const game24Schema = z.strictObject({
  kind: z
    .literal('game24')
    .describe('combine four numbers to make 24; the pool and the test set are drawn from the 1,362 solvable hands'),
  pool_size: positiveInt.max(1261).default(400).describe('hands in the fixed pool'),
  test_size: positiveInt
    .max(1261)
    .default(100)
    .describe('test hands; the teacher can find new hands among those in neither set'),
  prompts: promptsSchema(game24Prompts),
});

export type Game24Options = z.output<typeof game24Schema>;
