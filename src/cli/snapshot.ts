import { z } from 'zod';

/**
 * What one look at the work shows, live or from the workspace alone. The same keys are the `progress` events of
 * `run --json` and the answer of `status --json`; docs/json-events.md is printed from here.
 */

const amount = z.strictObject({
  spent: z.number().describe('settled'),
  held: z.number().describe('reserved for calls under way, or held for unknown ones, at worst case'),
  cap: z.number().nullable().describe('null where there is none'),
});

const changes = z.array(z.strictObject({ who: z.string(), at: z.string().describe('ISO 8601'), what: z.string() }));

export const runSnapshotSchema = z.strictObject({
  run: z.string().describe('the name of the run'),
  state: z
    .enum(['waiting', 'running', 'resting', 'complete', 'stopped', 'failed'])
    .describe('waiting: not started yet; resting: begun, and no process works on it'),
  step: z.string().describe('the step under way; empty where there is none'),
  stepSeconds: z.number().describe('for how long'),
  iteration: z.int().describe('the iteration under way, or the last finished one'),
  iterationsDone: z.int().describe('finished iterations'),
  iterations: z.int().describe('iterations in all, as they are set now'),
  progress: z
    .strictObject({
      done: z.number().describe('units of the step that are done'),
      total: z.number().describe('units of the step in all'),
      unit: z.string().describe('what is counted'),
      note: z.string().optional().describe('a few words of the step itself'),
    })
    .nullable()
    .describe('how far the step is; null where it does not say'),
  ratePerSecond: z.number().nullable().describe('units of the step per second'),
  rowsAccepted: z.int().describe('rows bought and accepted so far'),
  rowsPlanned: z.int().describe('rows that iterations and cap allow'),
  accuracy: z.number().nullable().describe('after the last evaluation, on the set that is drawn like the pool'),
  interval: z
    .strictObject({ low: z.number(), high: z.number() })
    .nullable()
    .describe("Wilson's 95 % interval of the accuracy"),
  accuracyChange: z.number().nullable().describe('against the evaluation before'),
  macroAccuracy: z.number().nullable().describe('mean over the strata'),
  budget: z
    .strictObject({
      samples: amount.describe('accepted rows'),
      tokens: amount.describe('teacher tokens of both directions'),
      usd: amount.describe('USD at the configured prices'),
    })
    .nullable()
    .describe("the run's own account; null before it begins"),
  projectedUsd: z.number().nullable().describe('at the price per row so far, for all rows planned'),
  unknownCalls: z.int().describe('calls that were sent and whose outcome was lost'),
  inFlight: z.int().describe('calls under way'),
  oldestCallSeconds: z.number().nullable().describe('age of the oldest call under way'),
  secondsLeft: z.number().nullable().describe('at the pace of the last iteration; null before the first'),
  waitingFor: z.string().nullable().describe('what a person must do before it goes on; null while it works'),
  waitingSince: z.string().nullable().describe('when the wait began, ISO 8601'),
  changes: changes.describe('what was changed while it ran, oldest first'),
});

export const snapshotSchema = z.strictObject({
  name: z.string().describe('the run or the experiment'),
  elapsedSeconds: z.number().describe('since this command began to follow; 0 for `status`'),
  source: z
    .enum(['live', 'workspace'])
    .describe('live: the workflows were asked; workspace: no process works on it, stored results alone'),
  waitingFor: z.string().nullable().describe('why an experiment starts no further runs; null while it does'),
  parallelRuns: z
    .int()
    .nullable()
    .describe(
      'runs of an experiment at a time, as it is set now; null while nobody can be asked, and for a single run',
    ),
  changes: changes.describe("what was changed of an experiment as a whole; a single run's are its own"),
  runs: z.array(runSnapshotSchema),
  teacher: z
    .strictObject({
      bought: z.int().describe('answers paid for; one that several runs use counts once'),
      shared: z.int().describe('answers used again'),
      inFlight: z.int().describe('calls under way'),
      unknown: z.int().describe('calls that were sent and whose outcome was lost'),
      tokens: z.int().describe('tokens paid for'),
      usd: z.number().describe('paid'),
    })
    .describe('all runs together'),
});

export type RunSnapshot = z.output<typeof runSnapshotSchema>;
export type Snapshot = z.output<typeof snapshotSchema>;
