import { z } from 'zod';
import { runConfigSchema } from '../core/config/schema';
import { analysesSchema } from './analyses-schema';

/**
 * The shape of `results.json`: every key, with its meaning. The types of the analysis are inferred from here and
 * docs/results-format.md is printed from here, so neither can say something else.
 */

const accuracy = z.number().nullable();
const interval = z.strictObject({ low: z.number(), high: z.number() }).describe('two-sided, 95 %');

const measuredSchema = z.strictObject({
  correct: z.int().describe('right answers'),
  wellFormed: z.int().describe('answers that could be parsed'),
  answered: z.int().describe('questions to which the student said anything'),
  total: z.int().describe('questions asked'),
  proof: z.int().exactOptional().describe('answers with a valid proof; of tasks with proofs alone'),
  accuracy: accuracy.describe('correct / total; null where nothing was asked'),
  interval: interval.describe("Wilson's interval of the accuracy over the questions"),
});

const curvePointSchema = z.strictObject({
  iteration: z.int().describe('0 is the base student'),
  rows: z.int().describe('rows bought and accepted so far'),
  inputTokens: z.int().describe('settled teacher tokens so far, prompts'),
  outputTokens: z.int().describe('settled teacher tokens so far, answers'),
  priceMicroUsd: z.int().describe('settled price so far in millionths of a USD'),
  overall: measuredSchema.describe('over the test set that is drawn like the pool'),
  macro: accuracy.describe('mean of the accuracies of the strata'),
  strata: z
    .record(z.string(), measuredSchema)
    .describe('by stratum, over the balanced test set where the task has one'),
});

const spendSchema = z.strictObject({
  samples: z.int().describe('rows accepted'),
  inputTokens: z.int().describe('settled teacher tokens, prompts'),
  outputTokens: z.int().describe('settled teacher tokens, answers'),
  priceMicroUsd: z.int().describe('settled price in millionths of a USD'),
});

const unknownSchema = z
  .strictObject({
    calls: z.int().describe('calls that were sent and whose outcome was lost'),
    tokens: z.int().describe('held back for them at worst case'),
    microUsd: z.int().describe('held back for them at worst case'),
  })
  .describe('the one part that a crash may change; compare results without it');

const hash = z.string().describe('sha256');
const model = z.strictObject({ base: hash, adapter: hash.nullable() });

const iterationSchema = z.strictObject({
  iteration: z.int(),
  asked: z.int().describe('picks put to the teacher'),
  accepted: z.int().describe('rows accepted'),
  funnel: z
    .strictObject({
      asked: z.int().describe('picks that were put to the teacher'),
      answered: z.int().describe('the teacher replied'),
      parsed: z.int().describe('question and answer could be read'),
      new: z.int().describe("the question is none of the pool's or of an earlier row"),
      clean: z.int().describe('nor one of a test set'),
      verified: z.int().describe('the answer was not found wrong'),
      accepted: z.int(),
    })
    .nullable()
    .describe('what became of the picks: each stage counts what passed it and all before it'),
  reasons: z.record(z.string(), z.int()).nullable().describe('stage and reason -> picks that were rejected for it'),
  selection: hash.describe('sha256 of the selection'),
  rows: hash.describe('sha256 of the accepted rows'),
  rejected: hash.describe('sha256 of the rejected rows'),
  student: model.describe('sha256 of the weights after the finetune'),
  answers: hash.describe('sha256 of the evaluated answers'),
});

const timesSchema = z
  .record(
    z.string(),
    z.record(
      z.string(),
      z.strictObject({
        steps: z.record(z.string(), z.number()).describe('seconds by step, summed over its activities'),
        student: z.number().describe('seconds of the steps that occupy a student engine'),
      }),
    ),
  )
  .describe(
    'run -> iteration -> seconds of the attempts that succeeded, from the exported histories; a clock decides them, so ' +
      'compare results without this key',
  );

const labelsSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .describe('what sets the run apart in its experiment: key path -> value');

export const runResultsSchema = z.strictObject({
  format: z.literal(1).describe('raised when a key changes its meaning; keys may be added without'),
  kind: z.literal('run'),
  run: z.string(),
  experiment: z.string().nullable(),
  labels: labelsSchema,
  configSha256: z.string().describe('of the resolved configuration as canonical JSON'),
  config: runConfigSchema.describe('the resolved configuration'),
  state: z.enum(['running', 'complete', 'stopped']),
  endedBecause: z.string().nullable().describe('why no further iteration followed'),
  curve: z.array(curvePointSchema).describe('one point an evaluation, the base student first'),
  iterations: z.array(iterationSchema),
  prepared: z
    .strictObject({
      pool: hash.describe('sha256 of the pool'),
      tests: z.record(z.string(), hash).describe('sha256 of each test set'),
      base: model.describe('sha256 of the base student'),
    })
    .describe('what the run started from'),
  spend: spendSchema.describe('answers shared with other runs are counted here at their recorded price'),
  unknown: unknownSchema,
  analyses: analysesSchema.describe("drawn from the rows; empty lists where the workspace has not the run's artifacts"),
  times: timesSchema,
});

const spreadSchema = z.strictObject({
  n: z.int().describe('random seeds'),
  mean: z.number(),
  sd: z.number().nullable().describe('sample standard deviation; null for one seed'),
  interval: interval.nullable().describe("Student's t interval of the mean over seeds; null for one seed"),
});

const armSchema = z.strictObject({
  arm: z.string().describe('name in figures and tables'),
  labels: labelsSchema.describe('what the runs of the arm have in common: their labels without `seed`'),
  runs: z.array(z.string()).describe('names of its runs that have results, in order of random seed'),
  iterationsPlanned: z.int(),
  curve: z
    .array(
      z.strictObject({
        iteration: z.int(),
        rows: z.number().describe('mean over seeds'),
        overall: spreadSchema.nullable(),
        macro: spreadSchema.nullable(),
      }),
    )
    .describe('over the iterations that every run of the arm has reached'),
});

const rowsToReachSchema = z.union([
  z.strictObject({ reached: z.literal(true), rows: z.number().describe('linear between checkpoints') }),
  z.strictObject({ reached: z.literal(false).describe('"not reached" is a value of its own') }),
]);

const rowsIntervalSchema = z
  .strictObject({ low: z.number().nullable(), high: z.number().nullable() })
  .nullable()
  .describe('bootstrap over pairs of seeds; an end that is not reached is null; null for one pair');

const comparisonSchema = z.strictObject({
  arm: z.string(),
  baseline: z.string().describe('the arm with strategy `random` and otherwise the same labels'),
  metric: z.enum(['overall', 'macro']),
  seeds: z.array(z.int()).describe('random seeds that both arms have: the pairs'),
  iteration: z.int().describe('last iteration that all pairs have reached; the comparison is made there'),
  baselineRows: z.number().describe('rows of the baseline there, mean over seeds'),
  target: z.number().describe("the baseline's accuracy there, mean over seeds"),
  rowsToReach: rowsToReachSchema.describe("rows at which the arm's mean curve first reaches the target"),
  rowsToReachInterval: rowsIntervalSchema,
  timesFewer: z
    .number()
    .nullable()
    .describe('baselineRows / rows; null when not reached, or reached before the first row'),
  timesFewerInterval: rowsIntervalSchema.describe(
    '95 %, bootstrap over pairs; an end of 0: not reached; of null: reached before the first row',
  ),
  equalRows: z.boolean().describe('every pair has accepted equally many rows in every iteration up to there'),
  difference: spreadSchema
    .extend({ p: z.number().nullable().describe('paired t-test; null for one pair') })
    .describe('arm minus baseline, paired by random seed'),
  questions: z
    .strictObject({
      total: z.int().describe('test questions of all pairs together'),
      onlyArm: z.int().describe('answered right by the arm alone'),
      onlyBaseline: z.int().describe('answered right by the baseline alone'),
      p: z.number().describe('exact McNemar test, two-sided'),
    })
    .nullable()
    .describe(
      'both on the same questions, of the overall accuracy: whether these very students differ, not whether others would; ' +
        'null for macro accuracy, and where the answers are not in the workspace',
    ),
  conclusion: z
    .enum(['above', 'below', 'not distinguishable', 'one seed'])
    .describe('`not distinguishable` when the interval of the difference contains 0'),
});

export const experimentResultsSchema = z.strictObject({
  format: z.literal(1),
  kind: z.literal('experiment'),
  experiment: z.string(),
  arms: z.array(armSchema),
  comparisons: z.array(comparisonSchema).describe('each arm against its `random` arm, per metric'),
  notStarted: z.array(z.string()).describe('runs of the experiment that have no results yet'),
  failed: z
    .array(z.strictObject({ run: z.string(), reason: z.string() }))
    .describe('runs that ended with an error; the others went on, and the same command tries them again'),
  fairness: z
    .strictObject({
      varied: z.array(z.string()).describe('key paths of the configuration in which the runs differ'),
      recipeIsEqual: z.boolean().describe('the same finetuning recipe in every run'),
      budgetIsEqual: z.boolean().describe('the same caps in every run'),
      shortfalls: z
        .array(z.strictObject({ run: z.string(), iteration: z.int(), accepted: z.int(), wanted: z.int() }))
        .describe('iterations that accepted fewer rows than were wanted; a comparison stops before them'),
    })
    .describe('what is equal between the runs, and what is not'),
  runs: z
    .array(runResultsSchema.omit({ unknown: true, analyses: true, times: true }))
    .describe('each as in the results of one run'),
  spend: spendSchema.describe('sum over the runs'),
  unknown: unknownSchema,
  analyses: analysesSchema.describe("drawn from the rows; empty lists where the workspace has not the runs' artifacts"),
  times: timesSchema,
});

export type RunResults = z.output<typeof runResultsSchema>;
export type ExperimentResults = z.output<typeof experimentResultsSchema>;
export type Labels = z.output<typeof labelsSchema>;
export type Arm = ExperimentResults['arms'][number];
export type Comparison = ExperimentResults['comparisons'][number];
export type Metric = Comparison['metric'];
export type Times = z.output<typeof timesSchema>;
export type Measured = RunResults['curve'][number]['overall'];
/** One run inside the results of an experiment. */
export type ExperimentRun = ExperimentResults['runs'][number];
