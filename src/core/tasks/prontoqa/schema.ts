import { z } from 'zod';
import { positiveInt } from '../../config/fields';
import { type Prompts, promptsSchema } from '../prompts';

export const prontoqaPrompts: Prompts = {
  question:
    'The following is a reasoning problem: sentences about made-up kinds, and a statement that follows from them or is refuted by them.\n\n' +
    '{question}\n\nWrite one new problem with the same number of steps between the named thing and the statement, with other kinds and other ' +
    'properties. Every sentence has one of the forms "Every X is a Y.", "Every X is (not) Z." and "Sam is a X."; the last is ' +
    '"True or false: Sam is (not) Z." Reply with the problem alone, on one line.',
  answer:
    'Reason step by step, and decide whether the statement is true or false.\n\n{question}\n\n' +
    'Write each step as a sentence: the fact, then each rule and what follows from it. On the last line write True or False, and nothing else.',
  student: '{question}\n',
};

export const prontoqaSchema = z.strictObject({
  kind: z
    .literal('prontoqa')
    .describe('true or false, by a chain of steps over an ontology (arXiv 2210.01240); generated locally'),
  hops: z
    .array(z.int().min(1).max(8))
    .min(1)
    .default([3, 4, 5])
    .describe('lengths of the proofs in steps, each equally often'),
  ontology: z
    .enum(['fictional', 'true', 'false'])
    .default('fictional')
    .describe(
      'fictional: made-up kinds, so that knowledge of the world does not help; true: real kinds; false: real kinds in a false hierarchy',
    ),
  distractors: z
    .enum(['none', 'relevant', 'irrelevant'])
    .default('relevant')
    .describe(
      'additional sentences that the proof does not need; relevant: about the kinds and the property of the proof',
    ),
  ordering: z
    .enum(['random', 'postorder', 'preorder'])
    .default('random')
    .describe('order of the sentences of a question'),
  check: z
    .enum(['label', 'proof'])
    .default('label')
    .describe(
      'when an answer is correct: label: its label is right; proof: its label is right and its proof valid. Both are stored',
    ),
  pool_size: positiveInt.default(2000).describe('seed questions in the fixed pool'),
  test_size: positiveInt.default(500).describe('test questions'),
  prompts: promptsSchema(prontoqaPrompts),
});

export type ProntoqaOptions = z.output<typeof prontoqaSchema>;
