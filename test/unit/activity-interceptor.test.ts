import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  CancelledFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
} from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { progressReporter } from '../../src/activities/progress';
import { TutelageError, type TutelageErrorKind } from '../../src/core/errors';
import type { Workspace } from '../../src/store/workspace';
import { activityInterceptor } from '../../src/workers/activity-interceptor';

const root = mkdtempSync(join(tmpdir(), 'tutelage-steps-'));
const workspace = { runDirectory: (run: string) => join(root, run) } as Workspace;

/** Runs a step as a worker does: through the interceptor. */
function runStep<T>(environment: MockActivityEnvironment, step: () => Promise<T>, input?: object): Promise<T> {
  return environment.run(async () => {
    const { inbound } = activityInterceptor(workspace)(Context.current());
    return (await inbound.execute?.({ args: input === undefined ? [] : [input], headers: {} }, () => step())) as T;
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

  it('no secret of the environment is in the failure, its stack or its causes', async () => {
    process.env.TEST_STEP_API_KEY = 'key-that-must-not-be-written';
    const cause = new RangeError(`with ${process.env.TEST_STEP_API_KEY}`);
    const errors = [
      new TypeError(`sent ${process.env.TEST_STEP_API_KEY}`, { cause }),
      new TutelageError('teacher-refused', `sent ${process.env.TEST_STEP_API_KEY}`, process.env.TEST_STEP_API_KEY),
      `sent ${process.env.TEST_STEP_API_KEY}`,
    ];
    for (const error of errors) {
      const failure = await runStep(new MockActivityEnvironment(), async () => {
        throw error;
      }).catch((thrown: ApplicationFailure) => thrown);
      const written = JSON.stringify(new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter));
      expect(written).toContain('sent [TEST_STEP_API_KEY]');
      expect(written).not.toContain('must-not-be-written');
    }
  });

  it('a wait that is no failure to anybody stays benign', async () => {
    const waiting = runStep(new MockActivityEnvironment(), async () => {
      throw ApplicationFailure.create({
        message: 'not yet',
        type: 'wait',
        category: ApplicationFailureCategory.BENIGN,
      });
    });
    await expect(waiting).rejects.toMatchObject({
      ...{ message: 'not yet', type: 'wait', nonRetryable: false },
      category: ApplicationFailureCategory.BENIGN,
    });
  });

  it("each start, end and failure is a line of the run's log, and no line has a key in it", async () => {
    process.env.TEST_STEP_API_KEY = 'key-that-must-not-be-written';
    const environment = new MockActivityEnvironment({ activityType: 'predict', attempt: 2 });
    await runStep(environment, async () => 'done', { run: 'demo', iteration: 3 });
    const failing = async () => {
      throw new Error(`refused ${process.env.TEST_STEP_API_KEY}`);
    };
    await expect(runStep(environment, failing, { run: 'demo', iteration: 3 })).rejects.toThrow(
      /^refused \[TEST_STEP_API_KEY\]$/,
    );
    const text = readFileSync(join(root, 'demo', 'log.jsonl'), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const step = {
      run: 'demo',
      iteration: 3,
      step: 'predict',
      attempt: 2,
      activity: expect.any(String),
      at: expect.any(String),
    };
    const durationMs = expect.any(Number);
    expect(lines).toEqual([
      { ...step, level: 'info', message: 'start' },
      { ...step, level: 'info', message: 'end', durationMs },
      { ...step, level: 'info', message: 'start' },
      { ...step, level: 'error', message: 'failed: refused [TEST_STEP_API_KEY]', durationMs },
    ]);
  });
});
