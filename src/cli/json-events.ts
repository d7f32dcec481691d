import { z } from 'zod';
import { keySection } from '../analysis/results-format';
import { snapshotSchema } from './snapshot';

/** The lines that `--json` writes to stdout, each an object with `event`. Keys are only ever added. */

const asker = z.strictObject({
  who: z.string().describe('user@host'),
  atMs: z.number().describe('milliseconds since 1970'),
});

const steering = z.strictObject({
  paused: asker.extend({ now: z.boolean() }).nullable(),
  stopping: asker.nullable(),
  resumes: z.int().describe('how often somebody said resume'),
  capChanges: z.int().describe('how often caps were changed'),
  samplesCap: z.int().nullable().optional().describe('absent while it is the configured one'),
  concurrency: z.int().nullable().describe('null while it is the configured one'),
  iterations: z.int().nullable().describe('null while it is the configured one'),
  parallelRuns: z.int().nullable().describe('of an experiment; null while it is the configured one'),
  changes: z.array(asker.extend({ what: z.string() })).describe('the latest fifty, oldest first'),
});

const projected = z.strictObject({ estimate: z.number(), low: z.number(), high: z.number() }).nullable();

export const jsonEvents = {
  checked: z.strictObject({
    event: z.literal('checked'),
    check: z.string().describe('`node`, `python`, `torch`, ...'),
    isOk: z.boolean(),
    found: z.string(),
    todo: z.string().nullable().describe('what to do; null where all is well'),
  }),
  previewed: z.strictObject({
    event: z.literal('previewed'),
    run: z.string().describe('the first of the runs that buy alike'),
    seed: z.strictObject({
      id: z.string(),
      question: z.string(),
      answer: z.string().nullable(),
      stratum: z.string(),
    }),
    question: z.string().nullable().describe('as the teacher wrote it; null where it could not be read'),
    answer: z.string().nullable(),
    isAccepted: z.boolean().describe('whether a run would train on it'),
    rejected: z.strictObject({ stage: z.string(), reason: z.string() }).nullable(),
    calls: z.int().describe('answers that the row took'),
    inputTokens: z.int(),
    outputTokens: z.int(),
    usd: z.number().nullable().describe('whether it was paid now or before; null without teacher.price'),
  }),
  projected: z.strictObject({
    event: z.literal('projected'),
    name: z.string().describe('the run or the experiment'),
    runs: z.int(),
    rows: z.int().describe('accepted rows that iterations and caps allow, all runs together'),
    previewed: z.int().describe('rows that were looked at'),
    accepted: z.int().describe('of these'),
    paidUsd: z.number().nullable().describe('by this command; null without teacher.price'),
    paidUsdMax: z.number().nullable().describe('the worst case of these rows, which was its cap'),
    asked: projected.describe('rows to ask the teacher for; estimate, and the ends of the range; null without a row'),
    tokens: projected.describe('teacher tokens of both directions'),
    usd: projected.describe('null without teacher.price'),
    capUsd: z.number().nullable().describe('budget.usd of all runs; null where one has none'),
    gradesNotIncluded: z.boolean().describe("a strategy buys a judge's grades too, which are not in these figures"),
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
    iteration: z.int().describe('the one that has just ended'),
    rowsAccepted: z.int().describe('so far'),
    accuracy: z.number().nullable(),
    macroAccuracy: z.number().nullable(),
  }),
  interrupted: z.strictObject({ event: z.literal('interrupted'), name: z.string() }),
  paused: z.strictObject({
    event: z.literal('paused'),
    name: z.string(),
    reasons: z.array(z.string()).describe('what all that is left waits for'),
  }),
  done: z.strictObject({
    event: z.literal('done'),
    name: z.string(),
    report: z.string().describe('path of report.html'),
    results: z.string().describe('path of results.json'),
  }),
  status: snapshotSchema.extend({ event: z.literal('status') }),
  serving: z.strictObject({
    event: z.literal('serving'),
    taskQueues: z.array(z.string()),
    server: z.string().describe('host and port of the Temporal server'),
    namespace: z.string(),
    ledger: z.string().describe('a file, or host, port and database'),
    artifacts: z.string().describe('a folder, or a bucket'),
    build: z.string().nullable().describe('TUTELAGE_BUILD_ID; null where workers are not told apart'),
    pid: z.int(),
    startedMs: z.number().describe('milliseconds since 1970'),
    url: z.string().nullable().describe('where /health and /metrics are'),
  }),
  draining: z.strictObject({
    event: z.literal('draining'),
    drainSeconds: z.int().describe('what steps under way have'),
  }),
  drained: z.strictObject({ event: z.literal('drained') }),
  steered: z.strictObject({
    event: z.literal('steered'),
    name: z.string(),
    request: z.string().describe('as it was typed'),
    steering: steering.describe('how things stand now'),
  }),
};

export type WorkerEvent = z.infer<(typeof jsonEvents)['serving' | 'draining' | 'drained']>;

export type CheckedEvent = z.output<typeof jsonEvents.checked>;
export type PreviewedEvent = z.output<typeof jsonEvents.previewed>;
export type ProjectedEvent = z.output<typeof jsonEvents.projected>;

const meanings: Record<keyof typeof jsonEvents, string> = {
  checked: '`doctor`: one thing that was looked at; the exit code is 4 where one is not ok',
  previewed: '`preview`: one row of the teacher, with its verdict',
  projected: '`preview`: what all rows would cost',
  launch: '`run`: the work has started, or goes on',
  progress: '`run`: a look at the work, twice a second',
  iteration: '`run`: an iteration has ended',
  interrupted: '`run`: a signal brought the work to rest; the exit code is 130',
  paused: '`run`: all that is left waits for a person; the exit code is 3',
  done: '`run`: the work has ended',
  status: '`status`: one line for each run or experiment; with `--watch` again every second',
  serving: '`worker`: it takes steps from these queues',
  draining: '`worker`: a signal came; it takes no more',
  drained: '`worker`: what was under way has come to rest; the exit code is 0',
  steered: '`pause`, `resume`, `stop`, `budget`, `set`: the request is met',
};

/**
 * The text of docs/json-events.md. To write it again:
 * `npx tsx -e "process.stdout.write(require('./src/cli/json-events').jsonEventsMarkdown())"`.
 */
export function jsonEventsMarkdown(): string {
  return [
    '# JSON events',
    '',
    'With `--json` a command writes JSON lines to stdout, one event each; people read stderr as before. Keys are only ever',
    'added. `[]` stands for each item of a list.',
    '',
    ...Object.entries(jsonEvents).flatMap(([event, schema]) => {
      const [title, ...table] = keySection(`\`${event}\``, schema);
      return [title, '', `${meanings[event as keyof typeof jsonEvents]}.`, ...table];
    }),
  ].join('\n');
}
