import { z } from 'zod';
import { patternProblem } from '../tasks/answer-pattern';
import { game24Prompts } from '../tasks/game24';
import { gsm8kPrompts } from '../tasks/gsm8k';
import { jsonlPrompts } from '../tasks/jsonl';
import { mathPrompts } from '../tasks/math';
import type { Prompts } from '../tasks/prompts';
import { prontoqaPrompts } from '../tasks/prontoqa';

/** The `task` section: one mapping a kind of task. */

const positiveInteger = z.int().positive();

const operatorChains = z.strictObject({
  kind: z.literal('operator-chains').describe('expressions over digits: the task of the quickstart'),
  step_weights: z
    .array(z.number().nonnegative())
    .min(1)
    .max(5)
    .refine((weights) => weights.some((weight) => weight > 0), 'at least one weight above 0')
    .default([1])
    .describe('relative frequency of expressions of 1, 2, 3, ... steps; [0.5, 0.35, 0.15] is the long form'),
  zipf: z.number().nonnegative().default(1.5).describe('operator k is drawn with probability proportional to 1/k^zipf'),
  pool_size: positiveInteger.default(3000).describe('seed questions in the fixed pool'),
  test_size: positiveInteger.default(600).describe('questions in each of the two test sets'),
});

const file = z.string().min(1);
const poolFromFile = positiveInteger.optional().describe('seed questions drawn from the training file; all by default');
const testFromFile = positiveInteger.optional().describe('questions drawn from the test file; all by default');

const gsm8k = z.strictObject({
  kind: z.literal('gsm8k').describe('grade-school word problems (arXiv 2110.14168)'),
  source: z
    .enum(['published', 'templates'])
    .default('published')
    .describe(
      'published: the data set; templates: problems in its form that are made here, which the offline teacher knows',
    ),
  numbers: z
    .enum(['large', 'small'])
    .optional()
    .describe(
      'of templates. large, which is the default: up to 99; small: such that every step is a fact of the tables up to ' +
        'nine, which a tiny student can learn from some hundred rows',
    ),
  train: file.optional().describe('JSONL or Parquet in the published form: question, answer; downloaded where absent'),
  test: file.optional().describe('the same for the test set'),
  pool_size: positiveInteger.optional().describe('seed questions; by default all of a file, or 1000 from templates'),
  test_size: positiveInteger.optional().describe('test questions; by default all of a file, or 200 from templates'),
  prompts: promptsSchema(gsm8kPrompts),
});

const math = z.strictObject({
  kind: z
    .literal('math')
    .describe('competition mathematics (arXiv 2103.03874); answers are compared by math-verify too'),
  levels: z.array(z.int().min(1).max(5)).min(1).default([1, 2, 3]).describe('levels of difficulty that are kept'),
  train: file
    .optional()
    .describe('JSONL or Parquet in the published form: problem, solution, level; downloaded where absent'),
  test: file.optional().describe('the same for the test set'),
  pool_size: poolFromFile,
  test_size: testFromFile,
  prompts: promptsSchema(mathPrompts),
});

const prontoqa = z.strictObject({
  kind: z
    .literal('prontoqa')
    .describe('true or false, by a chain of steps over an ontology (arXiv 2210.01240); made here'),
  hops: z.array(z.int().min(1).max(8)).min(1).default([3, 4, 5]).describe('steps of the proofs, each equally often'),
  ontology: z
    .enum(['fictional', 'true', 'false'])
    .default('fictional')
    .describe('fictional: made-up kinds, so that knowledge of the world is no short cut; true, false: real kinds'),
  distractors: z
    .enum(['none', 'relevant', 'irrelevant'])
    .default('relevant')
    .describe('sentences beside the proof: relevant ones are about its own kinds and its property'),
  ordering: z.enum(['random', 'postorder', 'preorder']).default('random').describe('of the sentences of a question'),
  check: z
    .enum(['label', 'proof'])
    .default('label')
    .describe('what makes an answer correct: the label, or the label and a valid proof; both are stored'),
  pool_size: positiveInteger.default(2000).describe('seed questions in the fixed pool'),
  test_size: positiveInteger.default(500).describe('test questions'),
  prompts: promptsSchema(prontoqaPrompts),
});

const game24 = z.strictObject({
  kind: z.literal('game24').describe('four numbers make 24; the 1,362 hands that can be solved are found here'),
  pool_size: positiveInteger.max(1261).default(400).describe('hands in the fixed pool'),
  test_size: positiveInteger
    .max(1261)
    .default(100)
    .describe('test hands; those in neither set are what a teacher can still find'),
  prompts: promptsSchema(game24Prompts),
});

const jsonl = z.strictObject({
  kind: z.literal('jsonl').describe("the user's own questions"),
  train: file.describe('JSONL or Parquet; the seeds'),
  test: file.describe('JSONL or Parquet; the test questions'),
  question: z.string().min(1).default('question').describe('column of the question'),
  answer: z.string().min(1).default('answer').describe('column of the reference answer'),
  stratum: z
    .string()
    .min(1)
    .optional()
    .describe('column of the group that figures are broken down by; none by default'),
  check: z
    .enum(['number', 'exact', 'choice', 'math', 'regex'])
    .describe(
      'how a final answer (behind ####, in \\boxed{}, behind "answer is", or the last line) is compared: number: exact ' +
        'value; exact: text, case aside; choice: letter A to J; math: LaTeX, by math-verify too; regex: what pattern finds',
    ),
  pattern: z
    .string()
    .min(1)
    .superRefine((pattern, context) => {
      const problem = patternProblem(pattern);
      if (problem !== null) {
        context.addIssue({ code: 'custom', message: `a pattern that is safe to run: ${problem}` });
      }
    })
    .optional()
    .describe('for check: regex; its first group, or all of it, in the last line that it matches, is the answer'),
  pool_size: poolFromFile,
  test_size: testFromFile,
  prompts: promptsSchema(jsonlPrompts),
});

export const taskSchema = z.discriminatedUnion('kind', [operatorChains, gsm8k, math, prontoqa, game24, jsonl]);

/** Templates with `{question}`, once in each. */
function promptsSchema(defaults: Prompts) {
  const template = z
    .string()
    .refine((text) => text.split('{question}').length === 2, 'a text that holds {question} exactly once');
  return z
    .strictObject({
      question: template.default(defaults.question).describe('asks the teacher for a new question'),
      answer: template.default(defaults.answer).describe('asks the teacher for a worked answer to it'),
      student: template.default(defaults.student).describe('what the student reads'),
    })
    .prefault({});
}
