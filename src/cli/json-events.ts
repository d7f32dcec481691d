import { z } from 'zod';
import { keySection } from '../analysis/results-format';
import { billingSchema } from '../analysis/results-schema';
import { runSnapshotSchema, snapshotSchema } from './snapshot';

/** The lines that `--json` writes to stdout, each an object with `event`. Keys are added, never removed or changed. */

const asker = z.strictObject({
  who: z.string().describe('user@host'),
  atMs: z.number().describe('milliseconds since 1970'),
});

const steering = z.strictObject({
  paused: asker.extend({ now: z.boolean() }).nullable(),
  stopping: asker.nullable(),
  resumes: z.int().describe('how often it was resumed'),
  capChanges: z.int().describe('how often caps were changed'),
  samplesCap: z.int().nullable().optional().describe('absent while unchanged'),
  concurrency: z.int().nullable().describe('null while unchanged'),
  iterations: z.int().nullable().describe('null while unchanged'),
  parallelRuns: z.int().nullable().describe('of an experiment; null while unchanged'),
  changes: z.array(asker.extend({ what: z.string() })).describe('the latest fifty, oldest first'),
});

const projected = z.strictObject({ estimate: z.number(), low: z.number(), high: z.number() }).nullable();

export const jsonEvents = {
  checked: z.strictObject({
    event: z.literal('checked'),
    check: z.string().describe('`node`, `python`, `torch`, ...'),
    ok: z.boolean(),
    detail: z.string().describe('what was found'),
    fix: z.string().nullable().describe('how to solve the problem; null where there is none'),
  }),
  previewed: z.strictObject({
    event: z.literal('previewed'),
    run: z.string().describe('the first of the runs that this preview serves'),
    seed: z.strictObject({
      id: z.string(),
      question: z.string(),
      answer: z.string().nullable(),
      stratum: z.string(),
    }),
    question: z.string().nullable().describe('as the teacher wrote it; null if it could not be parsed'),
    answer: z.string().nullable(),
    isAccepted: z.boolean().describe('whether a run would train on it'),
    rejected: z.strictObject({ stage: z.string(), reason: z.string() }).nullable(),
    reply: z
      .string()
      .nullable()
      .describe('what the teacher wrote, reasoning included, for a row without an answer that can be used; else null'),
    calls: z.int().describe('calls made for the row'),
    inputTokens: z.int(),
    outputTokens: z.int(),
    usd: z.number().nullable().describe('USD, whether paid now or before; null without teacher.price'),
  }),
  projected: z.strictObject({
    event: z.literal('projected'),
    name: z.string().describe('the run or the experiment'),
    runs: z.int(),
    rows: z.int().describe('accepted rows that iterations and caps allow, all runs together'),
    previewed: z.int().describe('rows bought for the preview'),
    accepted: z.int().describe('of these, how many a run would accept'),
    paidUsd: z.number().nullable().describe('USD paid by this command; null without teacher.price'),
    paidUsdMax: z
      .number()
      .nullable()
      .describe('its cap: the worst case of these rows in three attempts each, since a lost reply may be billed'),
    unknownCalls: z.int().describe('calls whose reply was lost; the endpoint may bill them'),
    unknownUsdMax: z.number().nullable().describe('what these may cost at most; null without teacher.price'),
    billing: billingSchema.nullable(),
    asked: projected.describe('rows to ask the teacher for: an estimate and a range; null if no row was answered'),
    tokens: projected.describe('teacher tokens of both directions'),
    usd: projected.describe('USD; null without teacher.price'),
    capUsd: z
      .number()
      .nullable()
      .describe('the lower of budget.usd of all runs together and experiment_budget.usd; null without a cap'),
    gradingTokensMax: z
      .int()
      .nullable()
      .describe("most tokens that a task's judge may take for all evaluations, beside these figures; null without one"),
    gradingUsdMax: z.number().nullable().describe('the same in USD; null without a judge or its price'),
    gradesNotIncluded: z
      .boolean()
      .describe("whether a strategy also buys a judge's grades, which are not in these figures"),
  }),
  launch: z.strictObject({
    event: z.literal('launch'),
    name: z.string().describe('the run or the experiment'),
    runs: z.array(z.string()),
  }),
  progress: snapshotSchema.extend({ event: z.literal('progress') }),
  iteration: z.strictObject({
    event: z.literal('iteration'),
    run: z.string(),
    iteration: z.int().describe('the one that has just finished'),
    rowsAccepted: z.int().describe('so far'),
    accuracy: z.number().nullable(),
    macroAccuracy: z.number().nullable(),
    secondsLeft: runSnapshotSchema.shape.secondsLeft,
    secondsLeftMax: runSnapshotSchema.shape.secondsLeftMax,
  }),
  detached: z.strictObject({
    event: z.literal('detached'),
    name: z.string().describe('the run or the experiment'),
    pid: z.int().describe('the process that works on it'),
    log: z.string().describe('path of its output'),
  }),
  interrupted: z.strictObject({ event: z.literal('interrupted'), name: z.string() }),
  paused: z.strictObject({
    event: z.literal('paused'),
    name: z.string(),
    reasons: z.array(z.string()).describe('what the open runs wait for'),
  }),
  done: z.strictObject({
    event: z.literal('done'),
    name: z.string(),
    report: z.string().describe('path of report.html'),
    results: z.string().describe('path of results.json'),
  }),
  status: snapshotSchema.extend({ event: z.literal('status') }),
  listed: z.strictObject({
    event: z.literal('listed'),
    name: z.string().describe('the run or the experiment'),
    runs: z.int(),
    states: z.record(z.string(), z.int()).describe('state of a run, as in `status` -> runs in that state'),
    rowsAccepted: z.int().describe('all runs together'),
    rowsPlanned: z.int().describe('all runs together'),
    tokens: z.int().describe('teacher tokens paid for'),
    usd: z.number().describe('USD paid'),
    changedAt: z.string().describe('when its records or its log last changed, ISO 8601'),
    bytes: z.int().describe('of its own files; artifacts, which runs share, are not included'),
  }),
  pruned: z.strictObject({
    event: z.literal('pruned'),
    bytes: z.int().describe('removed'),
    found: z.int().describe('not needed any more'),
  }),
  deleted: z.strictObject({
    event: z.literal('deleted'),
    name: z.string(),
    deleted: z.boolean().describe('false if nobody agreed'),
    bytes: z.int().describe('of its own files'),
  }),
  temporal: z.strictObject({
    event: z.literal('temporal'),
    address: z.string().describe('host and port of the server'),
    namespace: z.string(),
    url: z.string().nullable().describe('of the Web UI, or of the history there; null for a named cluster'),
  }),
  ui: z.strictObject({
    event: z.literal('ui'),
    url: z.string().describe('the address with its token; whoever has it can look'),
  }),
  backup: z.strictObject({
    event: z.literal('backup'),
    folder: z.string(),
    files: z.int(),
    bytes: z.int(),
  }),
  serving: z.strictObject({
    event: z.literal('serving'),
    taskQueues: z.array(z.string()),
    server: z.string().describe('host and port of the Temporal server'),
    namespace: z.string(),
    ledger: z.string().describe('a file, or host, port and database'),
    artifacts: z.string().describe('a folder, or a bucket'),
    build: z.string().nullable().describe('TUTELAGE_BUILD_ID; null where workers are not distinguished'),
    pid: z.int(),
    startedMs: z.number().describe('milliseconds since 1970'),
    url: z.string().nullable().describe('base of /health and /metrics; null without --listen'),
  }),
  draining: z.strictObject({
    event: z.literal('draining'),
    drainSeconds: z.int().describe('how long steps in progress may take'),
  }),
  drained: z.strictObject({ event: z.literal('drained') }),
  steered: z.strictObject({
    event: z.literal('steered'),
    name: z.string(),
    request: z.string().describe('as it was typed'),
    steering: steering.describe('the state after the request'),
  }),
};

export type WorkerEvent = z.infer<(typeof jsonEvents)['serving' | 'draining' | 'drained']>;

export type CheckedEvent = z.output<typeof jsonEvents.checked>;
export type ListedEvent = z.output<typeof jsonEvents.listed>;
export type PreviewedEvent = z.output<typeof jsonEvents.previewed>;
export type ProjectedEvent = z.output<typeof jsonEvents.projected>;

const meanings: Record<keyof typeof jsonEvents, string> = {
  checked: '`doctor`: the result of one check; the exit code is 4 if any is not ok',
  previewed: '`preview`: one row with its verdict',
  projected: '`preview`: the projected cost of all rows',
  launch: '`run`: the runs have started or resumed',
  progress: '`run`, `attach`: a snapshot, twice a second (`attach`: every second)',
  iteration: '`run`: an iteration has finished',
  detached: '`run --detach`: the run works in the background',
  interrupted: '`run`: interrupted by a signal; the exit code is 130',
  paused: '`run`: every open run waits for a person; the exit code is 3',
  done: '`run`: all runs have ended',
  status: '`status`: one line for each run or experiment, every second with `--watch`',
  listed: '`list`: one line for each run or experiment',
  pruned: '`prune`: what was found, and removed if that was agreed',
  deleted: '`delete`: the run or the experiment is gone, if that was agreed',
  temporal: '`temporal`: the server answers',
  ui: '`ui`, `run --ui`: the pages are served',
  backup: '`backup`: the workspace is copied',
  serving: '`worker`: serving these task queues',
  draining: '`worker`: a signal came; no further steps are taken',
  drained: '`worker`: the steps in progress have finished; the exit code is 0',
  steered: '`pause`, `resume`, `stop`, `budget`, `set`: the request was applied',
};

/** The text of docs/json-events.md; `npm run docs` writes it. */
export function jsonEventsMarkdown(): string {
  return [
    '# JSON events',
    '',
    'With `--json` a command writes JSON lines to stdout, one event each; stderr is for people, as without it. Keys are added,',
    'never removed or changed. `[]` stands for each item of a list.',
    '',
    ...Object.entries(jsonEvents).flatMap(([event, schema]) => {
      const [title, ...table] = keySection(`\`${event}\``, schema);
      return [title, '', `${meanings[event as keyof typeof jsonEvents]}.`, ...table];
    }),
  ].join('\n');
}
