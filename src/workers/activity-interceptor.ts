import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { latestProgress } from '../activities/progress';
import { isTutelageError } from '../core/errors';

/** Below every heartbeat timeout by a factor of three, so that one lost beat changes nothing. */
const HEARTBEAT_EVERY_MS = 1500;

/**
 * Around every activity. It heartbeats, so that a dead worker is noticed in seconds whatever the step; a step that hangs
 * while its process lives is the step's own business (the engine has a stall limit, the teacher a timeout). And it turns
 * errors into failures whose type and retryability are those that the error itself decided.
 */
export function activityInterceptor(context: Context): { inbound: ActivityInboundCallsInterceptor } {
  return {
    inbound: {
      async execute(input, next) {
        const ticker = setInterval(() => context.heartbeat(latestProgress(context)), HEARTBEAT_EVERY_MS);
        try {
          return await next(input);
        } catch (error) {
          throw context.cancellationSignal.aborted ? context.cancellationSignal.reason : asFailure(error);
        } finally {
          clearInterval(ticker);
        }
      },
    },
  };
}

function asFailure(error: unknown): unknown {
  if (!isTutelageError(error)) {
    return error;
  }
  return ApplicationFailure.create({
    type: error.kind,
    nonRetryable: !error.isRetryable,
    message: error.hint === undefined ? error.message : `${error.message}\nhint: ${error.hint}`,
  });
}
