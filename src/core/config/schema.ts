import { z } from 'zod';
import { taskSchema } from '../tasks/registry';
import { positiveInt, topP } from './fields';
import { hygieneSchema } from './hygiene-schema';
import { studentSchema } from './student-schema';
import { judgeSchema, teacherSchema } from './teacher-schema';

/**
 * The configuration of a run, as written in YAML. Unknown keys are errors. This file and the schemas of the tasks are the only
 * place for defaults. The `describe` texts become the configuration reference and the hover texts of editors.
 */

const rewardModelSchema = z.strictObject({
  base: z
    .string()
    .min(1)
    .describe('directory or hub id of a decoder model with a sequence-classification head of one output'),
});

const selector = z.enum(['top', 'uniform', 'stratified', 'sample', 'balanced', 'kmeans++']);
const keptEnd = z.enum(['high', 'low']);

const strategySchema = z.strictObject({
  score: z
    .enum(['random', 'loss', 'entropy', 'boundary', 'incorrect', 'reward', 'judge', 'lion', 'badge'])
    .describe(
      "how a seed is scored. loss, entropy: of an answer under the student; boundary: P(1 - P) with P the student's " +
        "probability of the whole answer, high where it could go either way; incorrect: 1 where the student's own answer is wrong; " +
        "reward: the reward_model's; judge: a grade from a prompted judge; lion: how much better a judge finds the reference; " +
        'badge: the gradient that training on an answer would give',
    ),
  target: z
    .enum(['own', 'reference'])
    .default('own')
    .describe("which answer is scored: the student's own, or the reference"),
  per: z
    .enum(['token', 'answer'])
    .default('token')
    .describe('token: mean over the tokens of the answer; answer: sum over them, which favours long answers'),
  keep: keptEnd
    .optional()
    .describe(
      'which end of the scores is selected. Default: high; low for reward and judge, where a low score means a hard seed',
    ),
  select: selector
    .optional()
    .describe(
      'top: the best by score; sample: drawn in proportion to the score; balanced: alternately hard and easy seeds, ' +
        'for lion alone; kmeans++: far from each other; uniform: at random; stratified: at random, each stratum equally often. Default: top; uniform for score: random, ' +
        'balanced for lion, kmeans++ for badge',
    ),
  temperature: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('for select: sample; near 0 the draw approaches select: top, above 1 it becomes more uniform'),
  rescore: z
    .enum(['each', 'once'])
    .default('each')
    .describe(
      'each: the pool is ranked again in every iteration, by the current student; once: it is ranked by the base only, and ' +
        'each iteration takes the next seeds of that ranking (the static baselines)',
    ),
});

const budgetSchema = z.strictObject({
  samples: positiveInt.optional().describe('maximum number of accepted rows'),
  tokens: z
    .int()
    .positive()
    .max(1e15)
    .optional()
    .describe('maximum number of tokens, input and output, of the teacher and the judge'),
  usd: z.number().positive().max(1_000_000).optional().describe('maximum spend in USD; needs teacher.price'),
  on_exhausted: z.enum(['finish', 'pause']).default('finish').describe('what a run does when a cap is reached'),
});

const strategyPresetNames = [
  'random',
  'loss',
  'true-loss',
  'entropy',
  'boundary',
  'incorrect',
  'reward',
  'judge',
  'lion',
  'badge',
  'true-badge',
  'stratified',
  'loss-low',
  'static',
] as const;

const evaluateSchema = z.strictObject({
  answers: z
    .int()
    .min(2)
    .describe('sampled answers to each test question, beside the greedy one: their mean, pass@k and majority'),
  temperature: z.number().positive().max(10).optional().describe('of the sampled answers; default: 1'),
  top_p: topP,
});

export const strategyInFile = z
  .union([z.enum(strategyPresetNames), strategySchema])
  .default('loss')
  .describe('a preset, or {score, target, per, keep, select, temperature, rescore}');

const runShape = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'at most 100 lower-case letters, digits, dots, dashes and underscores')
    .describe('name of the run; running the same file under the same name again resumes it'),
  task: taskSchema,
  teacher: teacherSchema.prefault({}),
  student: studentSchema.prefault({}),
  judge: judgeSchema
    .optional()
    .describe(
      "model that grades for strategy: judge and lion, and for task.check: judge; keys that are left out have the teacher's values",
    ),
  reward_model: rewardModelSchema.optional().describe('model that grades for strategy: reward'),
  iterations: positiveInt.default(10).describe('number of rounds of select, generate and finetune'),
  samples_per_iteration: positiveInt.default(1000).describe('accepted rows per iteration'),
  budget: budgetSchema.prefault({}),
  hygiene: hygieneSchema.prefault({}),
  seed: z.int().nonnegative().default(1).describe('random seed of the run'),
  evaluate: evaluateSchema.optional().describe('sampled answers to the test questions; none by default'),
  // Optional, not false by default: otherwise runs of versions without this key would count as changed.
  analyses: z
    .boolean()
    .optional()
    .describe(
      'true: the student also answers the new questions and the seeds they came from, for the figures on how the scores of ' +
        'seeds and rows are related. This takes two more answers per row, and four more in a random run; it changes no result',
    ),
};

/** A configuration file. `matrix` makes it an experiment. */
export const fileSchema = z.strictObject({
  ...runShape,
  strategy: strategyInFile,
  matrix: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .optional()
    .describe('key path -> list of values; every combination is one run'),
  parallel_runs: positiveInt.max(500).default(2).describe('number of runs of the matrix that work at the same time'),
  experiment_budget: budgetSchema
    .omit({ on_exhausted: true })
    .optional()
    .describe('caps over all runs of the matrix together; an answer that several runs share counts once'),
  notify: z
    .strictObject({
      url_env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'the name of an environment variable')
        .describe('environment variable that holds the address (of a Slack or Teams webhook, say)'),
    })
    .optional()
    .describe(
      'posts JSON with a `text` when a run ends, fails, pauses or waits for a person; it may be changed between starts',
    ),
});

/** One run, resolved: presets are replaced by what they stand for and defaults are filled in. Frozen when the run starts. */
export const runConfigSchema = z.strictObject({
  ...runShape,
  strategy: strategySchema.extend({ name: z.string(), keep: keptEnd, select: selector }),
});

export type StrategyInFile = z.output<typeof strategyInFile>;
export type FileConfig = z.output<typeof fileSchema>;
export type RunConfig = z.output<typeof runConfigSchema>;
export type { TaskConfig } from '../tasks/registry';
export type TeacherConfig = RunConfig['teacher'];
export type StudentConfig = RunConfig['student'];
export type StrategyConfig = RunConfig['strategy'];
export type BudgetConfig = RunConfig['budget'];
export type HygieneConfig = RunConfig['hygiene'];
