import type { Context } from '@temporalio/activity';
import { ApplicationFailure, ensureApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { latestProgress } from '../activities/progress';
import { isTutelageError } from '../core/errors';
import { secretsOf } from '../core/secrets';
import { appendRunLog } from '../store/run-log';
import type { Workspace } from '../store/workspace';

/** Below every heartbeat timeout by a factor of three, so that one lost beat changes nothing. */
const HEARTBEAT_EVERY_MS = 1500;

/**
 * Around every activity. It heartbeats, so that a dead worker is noticed in seconds whatever the step; a step that hangs
 * while its process lives is the step's own business (the engine has a stall limit, the teacher a timeout). It turns
 * errors into failures whose type and retryability are those that the error itself decided, without the secrets of the
 * environment: a failure goes into a history. And it writes each start and end into the log of the run.
 */
export function activityInterceptor(workspace: Workspace) {
  return (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
    inbound: {
      async execute(input, next) {
        const ticker = setInterval(() => context.heartbeat(latestProgress(context)), HEARTBEAT_EVERY_MS);
        const log = stepLog(workspace, context, input.args[0]);
        log('info', 'start');
        try {
          const result = await next(input);
          log('info', 'end');
          return result;
        } catch (error) {
          if (context.cancellationSignal.aborted) {
            log('info', 'cancelled');
            throw context.cancellationSignal.reason;
          }
          log('error', `failed: ${error instanceof Error ? error.message : String(error)}`);
          throw asFailure(error);
        } finally {
          clearInterval(ticker);
        }
      },
    },
  });
}

/** Lines about one attempt of one step. A step that belongs to no run has no log. */
function stepLog(workspace: Workspace, { info }: Context, input: unknown) {
  const { run, iteration } = (input ?? {}) as { run?: unknown; iteration?: unknown };
  const startedMs = Date.now();
  return (level: 'info' | 'error', message: string) => {
    if (typeof run !== 'string') {
      return;
    }
    const step = { step: info.activityType, activity: info.activityId, attempt: info.attempt };
    const where = typeof iteration === 'number' ? { iteration } : {};
    const durationMs = message === 'start' ? {} : { durationMs: Date.now() - startedMs };
    appendRunLog(workspace, run, [{ level, message, ...where, ...step, ...durationMs }]);
  };
}

/** What the workflow receives and the history stores: causes and stacks are redacted too. */
function asFailure(error: unknown): ApplicationFailure {
  const secrets = secretsOf(process.env);
  if (isTutelageError(error)) {
    const { kind, message, hint, isRetryable, details } = error;
    return ApplicationFailure.create({
      type: kind,
      nonRetryable: !isRetryable,
      ...(details === undefined ? {} : { details: [details] }),
      message: secrets.redact(hint === undefined ? message : `${message}\nhint: ${hint}`),
    });
  }
  const failed = ensureApplicationFailure(error);
  const { type, nonRetryable, details, nextRetryDelay, category } = failed;
  const cause = failed.cause instanceof Error ? asFailure(failed.cause) : undefined;
  const message = secrets.redact(failed.message);
  const failure = new ApplicationFailure(message, type, nonRetryable, details, cause, nextRetryDelay, category);
  failure.stack = secrets.redact(failed.stack ?? '');
  return failure;
}
