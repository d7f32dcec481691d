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
  changes: z.array(asker.extend({ what: z.string() })).describe('the latest fifty, oldest first'),
});

export const jsonEvents = {
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
  steered: z.strictObject({
    event: z.literal('steered'),
    name: z.string(),
    request: z.string().describe('as it was typed'),
    steering: steering.describe('how things stand now'),
  }),
};

const meanings: Record<keyof typeof jsonEvents, string> = {
  launch: '`run`: the work has started, or goes on',
  progress: '`run`: a look at the work, twice a second',
  iteration: '`run`: an iteration has ended',
  interrupted: '`run`: a signal brought the work to rest; the exit code is 130',
  paused: '`run`: all that is left waits for a person; the exit code is 3',
  done: '`run`: the work has ended',
  status: '`status`: one line for each run or experiment; with `--watch` again every second',
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
