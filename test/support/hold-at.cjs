/**
 * Loaded before the command line (`node --require`): holds steps of runs where they begin, so that a test meets a run there.
 * HOLD_AT lists `<run>:<activity>`; in the folder HOLD_IN a held step makes the file `<activity>.reached` in the run's own
 * folder and waits until there is `<activity>.open`, or until it is cancelled. What comes before the first iteration is
 * not held.
 */
const { existsSync, mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const temporal = require('@temporalio/worker');

const { HOLD_AT = '', HOLD_IN = '' } = process.env;
const held = HOLD_AT.split(',');

const interceptor = ({ info, cancellationSignal }) => ({
  inbound: {
    async execute(input, next) {
      const { run, iteration } = input.args[0] ?? {};
      if (iteration > 0 && held.includes(`${run}:${info.activityType}`)) {
        const gate = join(HOLD_IN, run, info.activityType);
        mkdirSync(join(HOLD_IN, run), { recursive: true });
        writeFileSync(`${gate}.reached`, '');
        while (!existsSync(`${gate}.open`)) {
          await delay(20, undefined, { signal: cancellationSignal });
        }
      }
      return next(input);
    },
  },
});

const create = temporal.Worker.create;
temporal.Worker.create = (options) =>
  create.call(temporal.Worker, {
    ...options,
    interceptors: { ...options.interceptors, activity: [...(options.interceptors?.activity ?? []), interceptor] },
  });
