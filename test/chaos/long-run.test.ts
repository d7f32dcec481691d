import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, WorkflowUpdateFailedError } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { SteeringRequest } from '../../src/core/steering';
import { ensurePython } from '../../src/setup/python';
import { findTemporalBinary } from '../../src/temporal/find-binary';
import type { experiment, run } from '../../src/workflows';
import { runStatusQuery, steeringUpdates } from '../../src/workflows/messages';
import { emptySteps, fakeConfig, ref } from '../support/empty-steps';
import { type FakeLoop, historySizes, startFakeLoop } from '../support/fake-loop';
import { createGate, type Gate } from '../support/gate';
import { until } from '../support/processes';

jest.setTimeout(600_000);

/** Continue-as-new is suggested at 4,096 events, some 270 iterations; here it is earlier. */
const SUGGESTED_AT_EVENTS = 200;
const ITERATIONS = Number(process.env.LONG_RUN_ITERATIONS ?? 25);

/** At most 1,000 on a machine of its own (docs/measurements.md); other tests may be at work beside this one. */
const MS_PER_ITERATION_MAX = 3000;

describe('the real workflows with steps that do nothing', () => {
  let server: TestWorkflowEnvironment;
  let client: Client;
  let loop: FakeLoop;

  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const python = await ensurePython({ onProgress: () => {} });
    const path = await findTemporalBinary(python.binDirectory);
    const folder = await mkdtemp(join(tmpdir(), 'tutelage-long-run-'));
    const limit = `limit.historyCount.suggestContinueAsNew=${SUGGESTED_AT_EVENTS}`;
    server = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path },
        dbFilename: join(folder, 'temporal.db'),
        extraArgs: [
          ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
          ...['--dynamic-config-value', limit],
        ],
      },
    });
    client = server.client;
    loop = await startFakeLoop(server.address);
  });

  afterAll(async () => {
    await loop.close();
    await server.teardown();
  });

  const start = (name: string, lines: string, on = loop) =>
    client.workflow.start<typeof run>('run', {
      ...{ taskQueue: on.loopQueue, workflowId: name, workflowExecutionTimeout: '150 seconds' },
      args: [{ run: name, experiment: null, config: fakeConfig(lines) }],
    });

  const steer = (name: string, request: SteeringRequest) =>
    client.workflow.getHandle(name).executeUpdate(steeringUpdates[request.verb], { args: [{ request, who: 'ada' }] });

  it('do an iteration in moments, and many of them in short histories', async () => {
    const startedMs = Date.now();
    const handle = await start('long', `iterations: ${ITERATIONS}\nsamples_per_iteration: 50`);
    expect(await handle.result()).toMatchObject({ endedBecause: 'iterations', iterationsDone: ITERATIONS });
    const msPerIteration = (Date.now() - startedMs) / ITERATIONS;
    expect(msPerIteration).toBeLessThan(MS_PER_ITERATION_MAX);
    const parents = await historySizes(client, 'long');
    expect(parents.length).toBeGreaterThan(1);
    for (const { events } of parents) {
      expect(events).toBeLessThan(SUGGESTED_AT_EVENTS + 40);
    }
    const children = await historySizes(client, `long/iter-${ITERATIONS}`);
    expect((children[0] as { events: number }).events).toBeLessThan(120);
  });

  it('pause at every step, continue after resume, and take each step once', async () => {
    const steps = ['prepare', 'evaluate', 'predict', 'score', 'select', 'generate', 'collectRows', 'finetune'] as const;
    for (const step of steps) {
      loop.started.length = 0;
      const gate = gateAt(loop, step);
      const name = `paused-at-${step}`;
      const handle = await start(name, 'iterations: 1\nsamples_per_iteration: 50');
      await gate.reached;
      expect(await steer(name, { verb: 'pause', now: false })).toMatchObject({ paused: { who: 'ada' } });
      await expect(steer(name, { verb: 'pause', now: false })).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      gate.open();
      await until(async () => (await waitsFor(name)) !== null);
      const soFar = [...loop.started];
      await steer(name, { verb: 'resume' });
      await handle.result();
      expect({ step, soFar: soFar.filter((one) => one === step).length }).toEqual({ step, soFar: 1 });
      expect(loop.started.filter((one) => one === 'finetune')).toHaveLength(1);
      await expect(steer(name, { verb: 'pause', now: false })).rejects.toThrow();
    }
  });

  /** What the run, or its first iteration, waits for. */
  async function waitsFor(name: string): Promise<unknown> {
    const own = await client.workflow.getHandle(name).query(runStatusQuery);
    const inner = await client.workflow
      .getHandle(`${name}/iter-1`)
      .query<{ waiting: unknown }>('iterationStatus')
      .catch(() => ({ waiting: null }));
    return own.waiting ?? inner.waiting;
  }

  it('wait at a cap where they are told to pause, and continue when it is raised', async () => {
    let isExhausted = true;
    loop.steps.generate = async () => ({
      rows: { kind: 'bought-rows', sha256: '1'.repeat(64), bytes: 1 },
      overBudget: isExhausted ? 10 : 0,
    });
    const handle = await start(
      'capped',
      'iterations: 2\nsamples_per_iteration: 50\nbudget: {samples: 100, on_exhausted: pause}',
    );
    await until(async () => (await waitsFor('capped')) !== null);
    expect(await waitsFor('capped')).toMatchObject({
      reason: expect.stringContaining('a budget cap has been reached'),
    });
    isExhausted = false;
    await steer('capped', { verb: 'budget', samples: 70 });
    // 50 and 20 rows are within the new cap; then it is reached again, before an iteration begins.
    await until(async () => (await client.workflow.getHandle('capped').query(runStatusQuery)).iterationsDone === 2);
    delete loop.steps.generate;
    expect(await handle.result()).toMatchObject({ iterationsDone: 2, rowsAccepted: 70, endedBecause: 'iterations' });
  });

  it('of an experiment hear what it is told, and those that have not begun do not begin', async () => {
    const config = fakeConfig('iterations: 2\nsamples_per_iteration: 50');
    const runNames = ['first', 'second', 'third'].map((name) => `experiment/${name}`);
    loop.steps.loadPlan = async ({ index }) => ({
      plan: { run: runNames[index] as string, experiment: 'experiment', config, labels: {}, origins: {} },
      isComplete: false,
      steering: null,
    });
    const first = gateAt(loop, 'finetune');
    const handle = await client.workflow.start<typeof experiment>('experiment', {
      ...{ taskQueue: loop.loopQueue, workflowId: 'experiment', workflowExecutionTimeout: '150 seconds' },
      args: [{ experiment: 'experiment', plans: ref('plans'), runNames, parallelRuns: 1 }],
    });
    await first.reached;
    await steer('experiment', { verb: 'pause', now: false });
    first.open();
    await until(async () => (await waitsFor('experiment/first')) !== null);
    await steer('experiment', { verb: 'set', iterations: 1 });
    await steer('experiment', { verb: 'resume' });
    const second = gateAt(loop, 'finetune');
    await second.reached;
    const run = await client.workflow.getHandle('experiment/second').query(runStatusQuery);
    expect(run).toMatchObject({ iterations: 1 });
    await steer('experiment', { verb: 'stop' });
    second.open();
    expect(await handle.result()).toMatchObject({ finished: runNames.slice(0, 2), failed: [], total: 3 });
    delete loop.steps.loadPlan;
  });

  it('end the same with no cache, where every task is replayed from the start', async () => {
    const uncached = await startFakeLoop(server.address, { maxCachedWorkflows: 0 });
    try {
      const lines = 'iterations: 2\nsamples_per_iteration: 120\nstrategy: entropy';
      const gate = gateAt(uncached, 'finetune');
      const handle = await start('uncached', lines, uncached);
      await gate.reached;
      await steer('uncached', { verb: 'pause', now: false });
      await steer('uncached', { verb: 'set', iterations: 3 });
      gate.open();
      await steer('uncached', { verb: 'resume' });
      const cached = await start('cached', lines.replace('iterations: 2', 'iterations: 3'));
      const { run: _one, ...result } = (await handle.result()) as { run: string };
      const { run: _other, ...expected } = (await cached.result()) as { run: string };
      expect(result).toEqual(expected);
    } finally {
      await uncached.close();
    }
  });
});

/** Holds the step's first start until it is opened. */
function gateAt(loop: FakeLoop, step: keyof typeof emptySteps): Gate {
  const gate = createGate();
  const steps = loop.steps as Record<string, unknown>;
  const before = emptySteps[step] as (input: unknown) => Promise<unknown>;
  steps[step] = async (input: unknown) => {
    await gate.pass();
    delete steps[step];
    return before(input);
  };
  return gate;
}
