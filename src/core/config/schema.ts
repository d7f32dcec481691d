import { z } from 'zod';
import { hygieneSchema } from './hygiene-schema';
import { taskSchema } from './task-schema';

/**
 * The configuration of a run, as written in YAML. Unknown keys are errors. Every default stands here and nowhere else;
 * `describe` texts are the configuration reference and the hover texts of the JSON schema.
 */

const positiveInteger = z.int().positive();
const fraction = z.number().min(0).max(1);
const usd = z.number().nonnegative();

const priceSchema = z.strictObject({
  input: usd.describe('USD per million input tokens'),
  output: usd.describe('USD per million output tokens'),
  cached_input: usd.optional().describe('USD per million input tokens served from the cache; default: input'),
});

const teacherSchema = z.strictObject({
  provider: z
    .enum(['offline', 'openai'])
    .default('offline')
    .describe("offline: the task's procedural teacher, served on this machine; openai: any OpenAI-compatible endpoint"),
  model: z.string().min(1).default('offline').describe('model name sent with every request'),
  base_url: z.url().optional().describe('endpoint, up to and including /v1; unused by the offline teacher'),
  api_key_env: z
    .string()
    .min(1)
    .default('OPENAI_API_KEY')
    .describe('name of the environment variable that holds the key; the key itself is stored nowhere'),
  temperature: z.number().min(0).max(2).default(1).describe('0 is greedy; a repeated seed then gets the same question'),
  max_tokens: positiveInteger.default(1024).describe('output limit of one answer; part of its worst-case price'),
  price: priceSchema.optional().describe('required when budget.usd is set'),
  max_parallel_requests: positiveInteger.default(32).describe('requests in flight at once, over all runs of a worker'),
  requests_per_minute: positiveInteger.optional().describe('limit of the endpoint; none by default'),
  tokens_per_minute: positiveInteger.optional().describe('limit of the endpoint, input and output; none by default'),
  timeout_seconds: z.number().positive().default(120).describe('one request; a timed-out request counts as unknown'),
  mode: z
    .enum(['live', 'batch'])
    .default('live')
    .describe("live: request by request; batch: whole waves as jobs of the endpoint's batches API, cheaper and slower"),
  batch_discount: fraction.default(0.5).describe('mode: batch pays so much less than teacher.price, as a share'),
  batch_poll_seconds: z.number().positive().default(60).describe('how often a batch job is asked whether it has ended'),
  failing_share_max: fraction
    .default(0.2)
    .describe('a run pauses when the endpoint refuses a larger share of the rows of a step (and at least five)'),
  max_tokens_parameter: z
    .enum(['max_tokens', 'max_completion_tokens'])
    .optional()
    .describe(
      'name under which max_tokens is sent; default: max_completion_tokens for models o... and gpt-5..., else max_tokens',
    ),
  noise: fraction
    .optional()
    .describe('share of wrong answers that the offline teacher gives, for ablations; none by default'),
});

/** Like the teacher's section. What is left out is the teacher's (`judgeOf`), so that `judge: {model: ...}` names a second model there. */
const judgeSchema = z.strictObject({
  provider: z.enum(['offline', 'openai']).optional().describe("offline: the task's own check, played as a judge"),
  model: z.string().min(1).optional().describe('model name sent with every request'),
  base_url: z.url().optional().describe('endpoint, up to and including /v1'),
  api_key_env: z.string().min(1).optional().describe('name of the environment variable that holds the key'),
  temperature: z.number().min(0).max(2).default(0.2).describe('low, so that grades differ by the answer'),
  max_tokens: positiveInteger.default(512).describe('output limit of one grade, its explanation included'),
  price: priceSchema.optional().describe("required when budget.usd is set and the judge's model is not the teacher's"),
  max_parallel_requests: positiveInteger.optional().describe('requests in flight at once'),
  requests_per_minute: positiveInteger.optional().describe('limit of the endpoint'),
  tokens_per_minute: positiveInteger.optional().describe('limit of the endpoint'),
  timeout_seconds: z.number().positive().optional().describe('one request'),
});

const rewardModelSchema = z.strictObject({
  base: z.string().min(1).describe('a directory or hub id of a sequence classifier with one output, on a decoder'),
});

const finetuneSchema = z.strictObject({
  method: z.enum(['full', 'lora']).default('lora').describe('full: all weights; lora: an adapter on all linear layers'),
  rank: positiveInteger.default(32).describe('LoRA rank'),
  alpha: z.number().positive().default(64).describe('LoRA alpha'),
  learning_rate: z.number().positive().default(2e-4).describe('at its peak; 2e-4 suits lora, full needs about 2e-5'),
  epochs: positiveInteger.default(3).describe('passes over all rows of an iteration'),
  batch_size: positiveInteger.default(16).describe('rows of one optimizer step'),
  warmup: fraction.default(0.03).describe('share of the steps with a rising learning rate'),
  final_rate: fraction.default(0.1).describe('end of the cosine, as a share of learning_rate'),
  beta2: z.number().min(0.5).lt(1).default(0.999).describe("AdamW's second decay rate"),
  weight_decay: z.number().nonnegative().default(0).describe('on matrices only'),
  clip: z.number().positive().default(1).describe('limit of the gradient norm'),
  from: z.enum(['base', 'previous']).default('base').describe('weights that each iteration starts from'),
  include_base_rows: z
    .boolean()
    .default(false)
    .describe("train on the base student's warm-up rows too, beside all synthetic rows"),
});

const studentSchema = z.strictObject({
  base: z
    .string()
    .min(1)
    .default('tiny')
    .describe('a model directory, a hub id, or `tiny`: a 0.1 M-parameter Llama made here'),
  warm_up: z
    .strictObject({
      rows: positiveInteger
        .default(600)
        .describe('seeds of the pool, with their reference answers, that the base learns first'),
      steps: positiveInteger.default(250).describe('optimizer steps; the rest of the recipe is that of finetune'),
    })
    .optional()
    .describe('training that makes the base, before iteration 1; `tiny`, which knows nothing, has it by default'),
  finetune: finetuneSchema.prefault({}),
  max_new_tokens: positiveInteger.default(256).describe("limit of the student's own answers"),
  threads: positiveInteger.default(1).describe('CPU threads of one engine'),
  shard_rows: positiveInteger
    .default(20_000)
    .describe(
      'a larger pool is predicted and scored in shards of about so many seeds, at most 32, over all engines there are',
    ),
});

const selector = z.enum(['top', 'uniform', 'stratified', 'sample', 'balanced', 'kmeans++']);
const keptEnd = z.enum(['high', 'low']);

const strategySchema = z.strictObject({
  score: z
    .enum(['random', 'loss', 'entropy', 'incorrect', 'reward', 'judge', 'lion', 'badge'])
    .describe(
      "what a seed is scored by: loss and entropy of an answer; incorrect: 1 where the student's own answer is wrong; " +
        'reward: that of reward_model; judge: a grade by prompt; lion: how much better a judge finds the reference; ' +
        'badge: the gradient that an answer would give',
    ),
  target: z
    .enum(['own', 'reference'])
    .default('own')
    .describe("the answer that is scored: the student's own, or the reference"),
  per: z
    .enum(['token', 'answer'])
    .default('token')
    .describe('token: mean over the tokens of the answer; answer: their sum, which favours long answers'),
  keep: keptEnd
    .optional()
    .describe('which end of the scores is kept. Default: high, and low for reward and judge, where low is hard'),
  select: selector
    .optional()
    .describe(
      'top: the best by score; sample: drawn in proportion to the score; balanced: one from the better half, one from ' +
        'the worse, in turn; kmeans++: far from each other; uniform: any; stratified: any, but each stratum equally often. Default: top; uniform for score: random, ' +
        'balanced for lion, kmeans++ for badge',
    ),
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe('of select: sample; towards 0 the draw becomes select: top, above 1 it becomes more uniform'),
  rescore: z
    .enum(['each', 'once'])
    .default('each')
    .describe(
      'each: the pool is ranked anew in every iteration, by the student as it is then; once: by the base alone, and ' +
        'every iteration takes the next seeds of that one ranking (the static baselines)',
    ),
});

const budgetSchema = z.strictObject({
  samples: positiveInteger.optional().describe('accepted rows'),
  tokens: positiveInteger.optional().describe('teacher tokens, input and output'),
  usd: z.number().positive().optional().describe('USD at teacher.price'),
  on_exhausted: z.enum(['finish', 'pause']).default('finish').describe('what a run does at a cap'),
});

const strategyPresetNames = [
  'random',
  'loss',
  'true-loss',
  'entropy',
  'incorrect',
  'reward',
  'judge',
  'lion',
  'badge',
  'true-badge',
  'stratified',
  'loss-low',
] as const;

export const strategyInFile = z
  .union([z.enum(strategyPresetNames), strategySchema])
  .default('loss')
  .describe('a preset, or {score, target, per, keep, select, temperature, rescore}');

const runShape = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, 'lower-case letters, digits, dots, dashes and underscores')
    .describe('names the run: the same name and file go on with the same run'),
  task: taskSchema,
  teacher: teacherSchema.prefault({}),
  student: studentSchema.prefault({}),
  judge: judgeSchema.optional().describe("who grades for strategy: judge and lion; what is left out is the teacher's"),
  reward_model: rewardModelSchema.optional().describe('who grades for strategy: reward'),
  iterations: positiveInteger.default(10).describe('rounds of select, generate and finetune'),
  samples_per_iteration: positiveInteger.default(1000).describe('accepted rows of one iteration'),
  budget: budgetSchema.prefault({}),
  hygiene: hygieneSchema.prefault({}),
  seed: z.int().nonnegative().default(1).describe('random seed of the run'),
  // Optional and not false by default, so that runs of versions that did not know it are still the same runs.
  analyses: z
    .boolean()
    .optional()
    .describe(
      'true: the student answers the new questions too, and the seeds they came from, for the figures on how scores of ' +
        'seeds and rows are related; two answers a row, and four more in a random run. It changes no result',
    ),
};

/** What a file may say. `matrix` makes it an experiment. */
export const fileSchema = z.strictObject({
  ...runShape,
  strategy: strategyInFile,
  matrix: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .optional()
    .describe('key path -> values; every combination is one run'),
  parallel_runs: positiveInteger.default(2).describe('runs of the matrix that work at the same time'),
  experiment_budget: budgetSchema
    .omit({ on_exhausted: true })
    .optional()
    .describe('caps over all runs of the matrix together, counting each bought answer once'),
});

/** One run, resolved: presets replaced by what they mean, nothing optional left to guess. Frozen when the run starts. */
export const runConfigSchema = z.strictObject({
  ...runShape,
  strategy: strategySchema.extend({ name: z.string(), keep: keptEnd, select: selector }),
});

export type StrategyInFile = z.output<typeof strategyInFile>;
export type FileConfig = z.output<typeof fileSchema>;
export type RunConfig = z.output<typeof runConfigSchema>;
export type TaskConfig = RunConfig['task'];
export type TeacherConfig = RunConfig['teacher'];
export type StudentConfig = RunConfig['student'];
export type StrategyConfig = RunConfig['strategy'];
export type BudgetConfig = RunConfig['budget'];
export type HygieneConfig = RunConfig['hygiene'];
