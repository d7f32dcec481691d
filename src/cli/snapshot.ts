import { z } from 'zod';

/**
 * The state of the work at one moment, live or from the workspace alone: the `progress` events of `run --json` and the
 * output of `status --json`. docs/json-events.md is generated from here.
 */

const amount = z.strictObject({
  spent: z.number().describe('settled'),
  reserved: z.number().describe('reserved at worst case, for calls in flight and for calls whose outcome was lost'),
  cap: z.number().nullable().describe('null without a cap'),
});

const changes = z.array(z.strictObject({ who: z.string(), at: z.string().describe('ISO 8601'), what: z.string() }));

export const runSnapshotSchema = z.strictObject({
  run: z.string().describe('the name of the run'),
  state: z
    .enum(['pending', 'running', 'waiting', 'paused', 'interrupted', 'stopped', 'failed', 'complete'])
    .describe(
      'pending: not started yet; waiting: for a key, quota or budget; paused: by a person; interrupted: started, and not ' +
        'running now; stopped: ended early; failed: see failure',
    ),
  failure: z
    .strictObject({ reason: z.string(), at: z.string().describe('ISO 8601') })
    .nullable()
    .describe('why the run failed when it last ran; null if it did not fail'),
  step: z.string().describe('the current step; empty between steps'),
  stepSeconds: z.number().describe('how long the step has taken so far'),
  iteration: z.int().describe('the current iteration, or the last finished one'),
  iterationsDone: z.int().describe('finished iterations'),
  iterations: z.int().describe('iterations in all, as currently set'),
  progress: z
    .strictObject({
      done: z.number().describe('units done'),
      total: z.number().describe('units in all'),
      unit: z.string().describe('what the units are, such as rows'),
      note: z.string().optional().describe('a few words by the step itself'),
    })
    .nullable()
    .describe('progress of the step; null where it reports none'),
  ratePerSecond: z
    .number()
    .nullable()
    .describe(
      'units of the step per second, over the last half minute, or since the step began; null while it is too early to say',
    ),
  failedAttempts: z
    .array(z.strictObject({ step: z.string(), attempt: z.int(), reason: z.string() }))
    .exactOptional()
    .describe('of steps that failed and are being repeated: the last attempt and why it failed'),
  rowsAccepted: z.int().describe('rows bought and accepted so far'),
  rowsPlanned: z.int().describe('rows that iterations and caps allow'),
  accuracy: z.number().nullable().describe('of the last evaluation, on the test set that is drawn like the pool'),
  interval: z
    .strictObject({ low: z.number(), high: z.number() })
    .nullable()
    .describe("Wilson's 95 % interval of the accuracy"),
  accuracyChange: z.number().nullable().describe('compared with the evaluation before'),
  macroAccuracy: z.number().nullable().describe('mean over the strata'),
  budget: z
    .strictObject({
      samples: amount.describe('accepted rows'),
      tokens: amount.describe('teacher tokens of both directions'),
      usd: amount.describe('USD at the configured prices'),
    })
    .nullable()
    .describe("the run's own account; null before it starts"),
  projectedUsd: z.number().nullable().describe('for all planned rows, at the price per row so far'),
  unknownCalls: z.int().describe('calls that were sent and whose outcome was lost'),
  failedCalls: z.int().describe('requests that the endpoint refused or whose reply was lost; most were sent again'),
  inFlight: z.int().describe('calls in flight'),
  oldestCallSeconds: z.number().nullable().describe('age of the oldest call in flight'),
  secondsLeft: z
    .number()
    .nullable()
    .describe('estimate at the pace of the last iteration; null before the first has finished and after the last'),
  secondsLeftMax: z
    .number()
    .nullable()
    .describe('the same if all of an iteration grew with the rows so far, as finetuning does'),
  waitingFor: z.string().nullable().describe('what a person must do before the run continues; null while it works'),
  waitingSince: z.string().nullable().describe('since when, ISO 8601'),
  changes: changes.describe('what was changed while the run was open, oldest first'),
});

export const snapshotSchema = z.strictObject({
  name: z.string().describe('the run or the experiment'),
  elapsedSeconds: z.number().describe('since this command started to follow the run; 0 for `status`'),
  source: z
    .enum(['live', 'workspace'])
    .describe('live: asked from the workflows; workspace: not running, read from the workspace alone'),
  waitingFor: z.string().nullable().describe('why the experiment starts no further runs; null while it does'),
  parallelRuns: z
    .int()
    .nullable()
    .describe(
      'runs of the experiment that may work at the same time, as currently set; null if unknown, and for a single run',
    ),
  changes: changes.describe('what was changed for the experiment as a whole; empty for a single run'),
  runs: z.array(runSnapshotSchema),
  teacher: z
    .strictObject({
      bought: z.int().describe('answers paid for; one that several runs use counts once'),
      shared: z.int().describe('answers reused'),
      inFlight: z.int().describe('calls in flight'),
      unknown: z.int().describe('calls that were sent and whose outcome was lost'),
      failed: z.int().describe('requests that the endpoint refused or whose reply was lost; most were sent again'),
      tokens: z.int().describe('tokens paid for'),
      usd: z.number().describe('USD paid'),
    })
    .describe('all runs together'),
});

/** Whether a workflow works on the run, or waits. */
export const isOpen = (state: RunSnapshot['state']) => state === 'running' || state === 'waiting' || state === 'paused';

export type RunSnapshot = z.output<typeof runSnapshotSchema>;
export type Snapshot = z.output<typeof snapshotSchema>;
