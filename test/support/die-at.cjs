/**
 * Loaded before the command line (`node --require`): lets a process die by SIGKILL at a chosen place, as a power cut
 * would, without a hook in the product. DIE_AT is `<activity>:<phase>`: when the activity first starts here
 * (`before`), some way into it (`during`: DIE_AFTER_MS), or when its work is done and not yet reported (`after`).
 */
const temporal = require('@temporalio/worker');

const [activity, phase] = (process.env.DIE_AT ?? '').split(':');

const die = () => process.kill(process.pid, 'SIGKILL');

const interceptor = (context) => ({
  inbound: {
    async execute(input, next) {
      if (context.info.activityType !== activity) {
        return next(input);
      }
      if (phase === 'before') {
        die();
      }
      if (phase === 'during') {
        setTimeout(die, Number(process.env.DIE_AFTER_MS ?? 100));
      }
      const result = await next(input);
      die();
      return result;
    },
  },
});

const create = temporal.Worker.create;
temporal.Worker.create = (options) =>
  create.call(temporal.Worker, {
    ...options,
    interceptors: { ...options.interceptors, activity: [...(options.interceptors?.activity ?? []), interceptor] },
  });
