import { z } from 'zod';
import { runConfigSchema } from '../core/config/schema';
import { analysesSchema } from './analyses-schema';

/**
 * The shape of `results.json`: every key, with its meaning. The types of the analysis are inferred from here and
 * docs/results-format.md is generated from here, so they always agree.
 */

const accuracy = z.number().nullable();
const interval = z.strictObject({ low: z.number(), high: z.number() }).describe('two-sided, 95 %');

const measuredSchema = z.strictObject({
  correct: z.int().describe('correct answers'),
  wellFormed: z.int().describe('answers that could be parsed'),
  answered: z.int().describe('questions with any answer of the student'),
  total: z.int().describe('questions asked'),
  truncated: z
    .int()
    .exactOptional()
    .describe('answers cut off at student.max_new_tokens; absent in runs of versions that did not count them'),
  unreadable: z.int().exactOptional().describe('answers that could not be read: neither right nor wrong'),
  unmeasured: z
    .int()
    .exactOptional()
    .describe(
      'answers whose reference could not be read, or whose comparison ran out of time; they count in no figure',
    ),
  scoreSum: z
    .number()
    .exactOptional()
    .describe('sum of the scores of the measured answers, 0 to 1 each; only of checks that give scores'),
  proof: z.int().exactOptional().describe('answers with a valid proof; of tasks with proofs alone'),
  accuracy: accuracy.describe(
    'correct / (total - unmeasured), or the mean score scoreSum / (total - unmeasured); null where nothing was measured',
  ),
  interval: interval.describe("over the questions: Wilson's interval, of a mean score at its effective sample size"),
});

const measuredShareSchema = z.strictObject({
  share: z.number(),
  low: z.number().describe('of the 95 % interval, in which each question counts once'),
  high: z.number(),
});

const sampledSchema = z
  .strictObject({
    answers: z.int().describe('sampled answers to each question'),
    questions: z.int().describe('questions with at least one measured answer'),
    mean: measuredShareSchema.describe('right answers, each question with equal weight'),
    passAt: z
      .record(z.string(), measuredShareSchema)
      .describe('k -> questions of which at least one of k answers is right, unbiased'),
    majority: measuredShareSchema.describe('questions whose most frequent answer is right'),
  })
  .describe('over the test set that is drawn like the pool; only with evaluate.answers');

const curvePointSchema = z.strictObject({
  iteration: z.int().describe('0 is the base student'),
  rows: z.int().describe('rows bought and accepted so far'),
  inputTokens: z.int().describe('settled teacher tokens so far, prompts'),
  outputTokens: z.int().describe('settled teacher tokens so far, answers'),
  usd: z.number().describe('USD settled so far'),
  overall: measuredSchema.describe('over the test set that is drawn like the pool'),
  macro: accuracy.describe('mean of the accuracies of the strata'),
  strata: z.record(z.string(), measuredSchema).describe('by stratum, over the balanced test set if the task has one'),
  sampled: sampledSchema.exactOptional(),
});

const spendSchema = z.strictObject({
  samples: z.int().describe('rows accepted'),
  inputTokens: z.int().describe('settled teacher tokens, prompts'),
  outputTokens: z.int().describe('settled teacher tokens, answers'),
  usd: z.number().describe('USD settled'),
});

const unknownSchema = z
  .strictObject({
    calls: z.int().describe('calls that were sent and whose outcome was lost'),
    tokens: z.int().describe('reserved for them at worst case'),
    usd: z.number().describe('USD reserved for them at worst case'),
  })
  .describe('the only part that a crash may change; compare results without it');

export const billingSchema = z
  .strictObject({
    aboveWorstCalls: z.int().describe('calls that the endpoint billed above the worst case of their request'),
    aboveWorstTokens: z.int().describe('by so many tokens in all'),
    aboveWorstUsd: z.number().describe('and by so many USD'),
    absurdCalls: z
      .int()
      .describe('calls with a reported usage of a hundred times the worst case or more, booked at the worst case'),
    estimatedCalls: z
      .int()
      .describe('calls without a usage that can be true, booked at an estimate from the texts, never too little'),
  })
  .describe('calls whose reported usage is not what their request allows; not there where there are none');

const hash = z.string().describe('sha256');
const model = z.strictObject({ base: hash, adapter: hash.nullable() });

const iterationSchema = z.strictObject({
  iteration: z.int(),
  asked: z.int().describe('picks sent to the teacher'),
  accepted: z.int().describe('rows accepted'),
  funnel: z
    .strictObject({
      asked: z.int().describe('picks sent to the teacher'),
      answered: z.int().describe('the teacher replied'),
      parsed: z.int().describe('question and answer could be parsed'),
      new: z.int().describe('the question is not in the pool or in an earlier row'),
      clean: z.int().describe('nor in a test set'),
      verified: z.int().describe('the answer was not found wrong'),
      accepted: z.int(),
    })
    .nullable()
    .describe('what happened to the picks: each stage counts those that passed it and all stages before it'),
  reasons: z.record(z.string(), z.int()).nullable().describe('stage and reason -> picks that were rejected for it'),
  selection: hash.describe('sha256 of the selection'),
  rows: hash.describe('sha256 of the accepted rows'),
  rejected: hash.describe('sha256 of the rejected rows'),
  student: model.describe('sha256 of the weights after the finetune'),
  droppedRows: z
    .int()
    .exactOptional()
    .describe('rows that the finetune had to leave out; absent where there were none'),
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
    'run -> iteration -> seconds of the attempts that succeeded, from the exported histories; they depend on the ' +
      'machine, so compare results without this key',
  );

const labelsSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .describe('what distinguishes the run in its experiment: key path -> value');

export const runResultsSchema = z.strictObject({
  format: z.literal(1).describe('raised when the meaning of a key changes; keys may be added without'),
  kind: z.literal('run'),
  run: z.string(),
  experiment: z.string().nullable(),
  labels: labelsSchema,
  configSha256: z.string().describe('of the resolved configuration as canonical JSON'),
  config: runConfigSchema.describe('the resolved configuration'),
  state: z.enum(['running', 'complete', 'stopped']),
  endedBecause: z.string().nullable().describe('why no further iteration followed: iterations, budget or stopped'),
  curve: z.array(curvePointSchema).describe('one point for each evaluation, the base student first'),
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
  billing: billingSchema.exactOptional(),
  analyses: analysesSchema.describe(
    "computed from the rows; empty lists if the workspace does not have the run's artifacts",
  ),
  times: timesSchema,
  failure: z
    .string()
    .nullable()
    .describe('why the run failed when it last ran; null if it did not fail, or has ended since'),
});

const spreadSchema = z.strictObject({
  n: z.int().describe('random seeds'),
  mean: z.number(),
  sd: z.number().nullable().describe('sample standard deviation; null for one seed'),
  interval: interval
    .nullable()
    .describe(
      "Student's t interval of the mean over seeds; null for one seed; of accuracies within 0 and 1, and null below three seeds",
    ),
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
  z.strictObject({ reached: z.literal(false).describe('not reached') }),
]);

const rowsIntervalSchema = z
  .strictObject({ low: z.number().nullable(), high: z.number().nullable() })
  .nullable()
  .describe(
    '95 %, by inversion of a paired t-test over random seeds; an end is null if not reached; null for one pair',
  );

const differenceSchema = spreadSchema
  .extend({ p: z.number().nullable().describe('paired t-test; null for one pair') })
  .nullable()
  .describe('arm minus baseline, paired by random seed; null where they have nothing in common yet');

const conclusionSchema = z
  .enum(['above', 'below', 'not distinguishable', 'one seed', 'nothing in common'])
  .describe(
    '`not distinguishable` if the interval of the difference contains 0; `nothing in common` where a run has bought nothing yet',
  );

const factorSchema = z
  .number()
  .nullable()
  .describe(
    "baseline's cost / arm's cost for the accuracy that the worse of them ends with; below 1 the arm is the worse one; null " +
      'where they cannot be distinguished, or the arm has it before its first row',
  );

const factorIntervalSchema = rowsIntervalSchema.describe(
  '95 %, by inversion of a paired t-test: it contains 1 exactly where the two cannot be distinguished; an end of 0: the baseline ' +
    'may have it before its first row; of null: the arm may; null for one pair',
);

const comparisonSchema = z.strictObject({
  arm: z.string(),
  baseline: z
    .string()
    .describe(
      'the arm with strategy `random` and otherwise equal labels, or without one another that picks evenly at random',
    ),
  metric: z.enum(['overall', 'macro']),
  seeds: z.array(z.int()).describe('random seeds that both arms have: the pairs'),
  iteration: z
    .int()
    .nullable()
    .describe(
      'iteration at which every run has the rows of the comparison; null where one has them between two iterations, and ' +
        'its accuracy is interpolated',
    ),
  baselineRows: z
    .number()
    .describe('rows at which the arms are compared: as many as every run of the pairs has bought'),
  target: z.number().describe("the baseline's accuracy there, mean over seeds"),
  rowsToReach: rowsToReachSchema.describe("rows at which the arm's mean curve first reaches the target"),
  rowsToReachInterval: rowsIntervalSchema,
  timesFewer: factorSchema,
  timesFewerInterval: factorIntervalSchema,
  equalRows: z.boolean().describe('whether every pair accepted equally many rows in every iteration that both have'),
  difference: differenceSchema,
  pHolm: z
    .number()
    .nullable()
    .describe(
      "the p-value of the difference, adjusted by Holm for all arms of the experiment's comparisons in this metric",
    ),
  otherCosts: z
    .array(
      z.strictObject({
        axis: z.enum(['rows', 'tokens', 'usd', 'seconds']),
        cost: z.number().describe('as much as every run of the pairs has spent'),
        difference: differenceSchema,
        conclusion: conclusionSchema,
        timesFewer: factorSchema,
        timesFewerInterval: factorIntervalSchema,
      }),
    )
    .describe('the same comparison at equal teacher tokens and equal USD, interpolated between checkpoints'),
  questions: z
    .strictObject({
      total: z.int().describe('test questions of all pairs together that both measured'),
      onlyArm: z.int().describe('answered correctly, or with a higher score, by the arm alone'),
      onlyBaseline: z.int().describe('answered correctly, or with a higher score, by the baseline alone'),
      p: z
        .number()
        .describe('two-sided: exact McNemar test; of scores a paired permutation test of their mean difference'),
    })
    .nullable()
    .describe(
      'both on the same questions, for overall accuracy: whether these very students differ, not whether others would; ' +
        'null for macro accuracy, and if the workspace does not have the answers',
    ),
  conclusion: conclusionSchema,
});

/** What the figures show: the share of right answers, or the mean score. */
export const measureOf = (results: RunResults | ExperimentResults): 'accuracy' | 'mean score' =>
  (results.kind === 'run' ? [results] : results.runs).some(({ curve }) =>
    curve.some(({ overall }) => overall.scoreSum !== undefined),
  )
    ? 'mean score'
    : 'accuracy';

export const experimentResultsSchema = z.strictObject({
  format: z.literal(1),
  kind: z.literal('experiment'),
  experiment: z.string(),
  arms: z.array(armSchema),
  comparisons: z.array(comparisonSchema).describe('each arm against its baseline, per metric'),
  notStarted: z.array(z.string()).describe('runs of the experiment that have no results yet'),
  failed: z
    .array(z.strictObject({ run: z.string(), reason: z.string() }))
    .describe('runs that failed; the others continued, and the same command retries them'),
  fairness: z
    .strictObject({
      varied: z.array(z.string()).describe('key paths of the configuration in which the runs differ'),
      recipeIsEqual: z.boolean().describe('the same finetuning recipe in every run'),
      budgetIsEqual: z.boolean().describe('the same caps in every run'),
      shortfalls: z
        .array(z.strictObject({ run: z.string(), iteration: z.int(), accepted: z.int(), wanted: z.int() }))
        .describe('iterations that accepted fewer rows than wanted; a comparison ends before them'),
    })
    .describe('what is equal between the runs, and what differs'),
  runs: z
    .array(runResultsSchema.omit({ unknown: true, billing: true, analyses: true, times: true, failure: true }))
    .describe('each as in the results of one run'),
  spend: spendSchema.describe('sum over the runs'),
  unknown: unknownSchema,
  billing: billingSchema.exactOptional(),
  analyses: analysesSchema.describe(
    "computed from the rows; empty lists if the workspace does not have the runs' artifacts",
  ),
  times: timesSchema,
});

export type RunResults = z.output<typeof runResultsSchema>;
export type ExperimentResults = z.output<typeof experimentResultsSchema>;
export type Labels = z.output<typeof labelsSchema>;
export type Arm = ExperimentResults['arms'][number];
export type Comparison = ExperimentResults['comparisons'][number];
export type Metric = Comparison['metric'];
export type Times = z.output<typeof timesSchema>;
export type TestAccuracy = RunResults['curve'][number]['overall'];
/** One run inside the results of an experiment. */
export type ExperimentRun = ExperimentResults['runs'][number];
