import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { progressReporter } from '../../src/activities/progress';
import { TutelageError, type TutelageErrorKind } from '../../src/core/errors';
import { activityInterceptor } from '../../src/workers/activity-interceptor';

/** Runs a step as a worker does: through the interceptor. */
function runStep<T>(environment: MockActivityEnvironment, step: () => Promise<T>): Promise<T> {
  return environment.run(async () => {
    const { inbound } = activityInterceptor(Context.current());
    return (await inbound.execute?.({ args: [], headers: {} }, () => step())) as T;
  }) as Promise<T>;
}

describe('around every step', () => {
  it('progress becomes heartbeat details', async () => {
    const environment = new MockActivityEnvironment();
    const heartbeats: unknown[] = [];
    environment.on('heartbeat', (details) => heartbeats.push(details));
    await runStep(environment, async () => progressReporter()({ done: 3, total: 10, unit: 'rows' }));
    expect(heartbeats).toEqual([{ done: 3, total: 10, unit: 'rows' }]);
  });

  it.each<[TutelageErrorKind, boolean]>([
    ['transient', false],
    ['teacher-refused', true],
    ['student-input', true],
    ['damaged', true],
  ])('an error of kind %s keeps its kind, its hint and whether it may be retried', async (kind, nonRetryable) => {
    const failed = runStep(new MockActivityEnvironment(), async () => {
      throw new TutelageError(kind, 'what happened', 'what to do');
    });
    await expect(failed).rejects.toMatchObject({
      type: kind,
      nonRetryable,
      message: 'what happened\nhint: what to do',
    });
    await expect(failed).rejects.toBeInstanceOf(ApplicationFailure);
  });

  it('a step that is cancelled ends as cancelled, whatever its own error was', async () => {
    const environment = new MockActivityEnvironment();
    const ended = runStep(environment, async () => {
      environment.cancel('WORKER_SHUTDOWN');
      throw new Error('the engine was stopped');
    });
    await expect(ended).rejects.toBeInstanceOf(CancelledFailure);
  });
});
