import { z } from 'zod';

/** The part of results.json that is computed from the rows themselves: every key, with its meaning. */

const correlation = z
  .strictObject({
    n: z.int(),
    rho: z.number().describe("Spearman's"),
    p: z.number().describe("two-sided, by Student's t"),
  })
  .nullable()
  .describe('null with fewer than three points, or if one side does not vary');

const rowsInterval = z
  .strictObject({ low: z.number().nullable(), high: z.number().nullable() })
  .nullable()
  .describe(
    '95 %, by inversion of a paired t-test over random seeds; an end is null if not reached; null for one pair',
  );

const line = z.strictObject({ slope: z.number(), intercept: z.number() }).nullable();

const dataShareSchema = z.strictObject({
  arm: z.string(),
  baseline: z.string(),
  metric: z.enum(['overall', 'macro']),
  points: z
    .array(
      z.strictObject({
        iteration: z.int().describe('checkpoint of the arm; its accuracy is the target'),
        rows: z.number().describe('rows of the arm there'),
        target: z.number(),
        baselineRows: z.number().nullable().describe('rows the random arm needs; null: not reached'),
        times: z.number().nullable().describe('baselineRows / rows; null: not reached'),
        interval: rowsInterval,
        atLeast: z
          .number()
          .describe("the random arm's last checkpoint / rows: a lower bound if the target was not reached"),
      }),
    )
    .describe('one for each checkpoint of the arm after the base'),
});

const winRateSchema = z.strictObject({
  metric: z.enum(['overall', 'macro']),
  settings: z.int().describe('number of settings: runs of one setting differ only in strategy and random seed'),
  checkpoints: z.array(z.int()).describe('iterations at which arms are tested: doubling, and the last'),
  strategies: z.array(z.string()),
  cells: z
    .array(z.array(z.number().nullable()))
    .describe(
      '[i][j]: how often i is significantly above j (paired t-test over seeds); null: fewer than two common seeds',
    ),
  overall: z.array(z.number().nullable()).describe('mean of each column: how often j is beaten; lower is better'),
});

const diagnosedSchema = z.strictObject({
  setting: z
    .string()
    .describe(
      'what its runs have in common apart from strategy and random seed; empty if the experiment has one setting',
    ),
  sets: z
    .array(
      z.strictObject({
        run: z.string(),
        arm: z.string(),
        iteration: z.int(),
        seeds: z.number().describe('median over the selected seeds'),
        rows: z.number().describe('median over the rows made from them'),
      }),
    )
    .describe(
      "one for each run and iteration; losses of the selecting student's own answers, natural logarithm per token",
    ),
  betweenSets: correlation.describe('of the medians of seeds and rows, over sets'),
  setsLine: line.describe('best fit of rows against seeds, over sets'),
  withinSets: z
    .strictObject({
      runs: z.int().describe('runs with a set that varies'),
      rho: z.number().describe("Spearman's, mean over the sets of a run and then over runs, by Fisher's z"),
      p: z.number().nullable().describe('two-sided t-test over the runs, which are independent; null for one run'),
    })
    .nullable()
    .describe('of single seeds and their rows within one run and iteration'),
  pointsLine: line,
  points: z
    .array(z.tuple([z.number(), z.number()]))
    .describe('[of the seed, of its row]: at most 2,000, evenly spread'),
});

const cumulativeSchema = z.strictObject({
  student: z.enum(['first', 'final']).describe('the base student, or the one after the last iteration'),
  run: z.string(),
  arm: z.string(),
  rows: z.int(),
  accuracy: z.number().describe('over all rows: the expectation of a shuffled order'),
  curve: z.array(
    z.strictObject({
      share: z.number().describe('share of the rows taken'),
      percent: z.number().describe('100 (A - c) / A; above 0, rows by score are harder than the whole'),
      points: z.number().describe('A - c in percentage points'),
      shuffled: z
        .strictObject({ low: z.number(), high: z.number() })
        .describe('95 % of all orders (hypergeometric), percent'),
    }),
  ),
});

export const analysesSchema = z.strictObject({
  dataShares: z.array(dataShareSchema).describe('rows that random selection needs for the same accuracy (figure 4)'),
  winRates: z.array(winRateSchema).describe('pairwise win rates (figure 5)'),
  diagnosed: z
    .array(diagnosedSchema)
    .describe(
      'scores of seeds against scores of their rows (figure 2), one for each setting; none without `analyses: true`',
    ),
  diagnosedRewards: z
    .array(diagnosedSchema)
    .describe('the same with the grades of a reward model instead of losses, for the runs that select by them'),
  cumulative: z
    .array(cumulativeSchema)
    .describe('cumulative accuracy in the order of score (figure 3): of the random runs, by the loss on the seed'),
  strata: z
    .array(
      z.strictObject({
        arm: z.string(),
        stratum: z.string(),
        pool: z.number().describe('share of the pool'),
        picks: z.number().describe('share of the accepted rows whose seed is of the stratum'),
      }),
    )
    .describe('which strata each arm picks'),
  health: z
    .array(
      z.strictObject({
        arm: z.string(),
        iteration: z.int(),
        rows: z.number().describe('accepted in the iteration, mean over runs, as all below'),
        distinctSeeds: z.number().describe('distinct seeds of all accepted rows so far'),
        repeats: z.number().describe('rows of the iteration whose seed already had a row'),
        duplicates: z
          .number()
          .describe('rows that were rejected as near or equal to a known question, and accepted ones that repeat one'),
        nearDuplicates: z
          .number()
          .nullable()
          .describe(
            'accepted rows whose question has a ROUGE-L of 0.7 or more with an earlier accepted one; null if the questions ' +
              'of the task are alike by construction, and in a run of more than 1,000 picks',
          ),
        answerCharacters: z.number().describe('mean length of the answers'),
        truncatedShare: z
          .number()
          .nullable()
          .describe(
            "share of the student's answers to the pool that were cut off at student.max_new_tokens; they are scored as far as " +
              'they go; null where the strategy needs no answers',
          ),
        lengthScore: z
          .number()
          .nullable()
          .describe(
            "Spearman's rho of a seed's score and the tokens of the student's own answer, over the pool (of at most 5,000 " +
              'seeds); null where the strategy has no number for a seed',
          ),
      }),
    )
    .describe('diversity over the iterations'),
  overlaps: z
    .array(
      z.strictObject({
        arm: z.string(),
        other: z.string(),
        seeds: z.int().describe('random seeds that both have'),
        share: z
          .number()
          .describe('accepted rows made from the same seed in the same iteration, mean over random seeds'),
      }),
    )
    .describe('arms that share more than 90 % of their picks: they differ in name alone'),
  purchases: z
    .array(
      z.strictObject({
        arm: z.string(),
        purpose: z.enum(['question', 'answer', 'agreement', 'judge', 'lion', 'verdict']),
        answers: z.int(),
        inputTokens: z.int(),
        outputTokens: z.int(),
        usd: z.number(),
      }),
    )
    .describe('settled calls by purpose; an answer that several runs share counts in each'),
  once: z
    .strictObject({
      answers: z.int().describe('settled answers of all runs'),
      distinctAnswers: z.int().describe('distinct requests among them: each is bought once'),
      distinctInputTokens: z.int(),
      distinctOutputTokens: z.int(),
      distinctUsd: z.number(),
      runs: z.int(),
      baseStudents: z.int().describe('distinct base students: each is trained once'),
      baseEvaluations: z.int().describe('distinct evaluations of base students: each is made once'),
    })
    .nullable()
    .describe('what is equal between runs is bought or computed once; null without a ledger'),
});

export type Analyses = z.output<typeof analysesSchema>;
