import { ApplicationFailure } from '@temporalio/common';
import { steeringUpdates } from '../../../src/workflows/messages';
import { emptySteps, type FakeSteps, fakeConfig } from '../../support/empty-steps';
import { createGate, untilAborted } from '../../support/gate';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const who = 'ada';
const lines = `
iterations: 1
samples_per_iteration: 50
teacher:
  {provider: openai, model: m, base_url: 'http://127.0.0.1:1', price: {input: 1, output: 1}, mode: batch}
`;
const plan = { run: 'demo', experiment: null, config: fakeConfig(lines) };

/** An endpoint that needs so many jobs for a round. */
function jobs(needed: number): FakeSteps {
  let submitted = 0;
  return {
    submitBatch: async () => {
      submitted += 1;
      const job = submitted > needed ? null : { id: `job-${submitted}`, requests: 50 };
      return { job, overBudget: 0 };
    },
    collectBatch: async () => ({ settled: 50, isFull: false, overBudget: 0 }),
  };
}

const stepsOf = (sandbox: WorkflowSandbox) =>
  sandbox.started.filter((step) => /Batch$|^generate$|^collectRows$/.test(step));

describe('rows bought by batch jobs', () => {
  it('take one job after another until the round needs none, and are then read', async () => {
    const sandbox = new WorkflowSandbox(jobs(2));
    await sandbox.start('run', 'demo', plan);
    const job = ['submitBatch', 'pollBatch', 'collectBatch'];
    expect(stepsOf(sandbox)).toEqual([...job, ...job, 'submitBatch', 'generate', 'releaseBatch', 'collectRows']);
  });

  it('are asked for until the job has ended, however often that takes', async () => {
    let polls = 0;
    const sandbox = new WorkflowSandbox({
      ...jobs(1),
      pollBatch: async () => {
        polls += 1;
        if (polls < 50) {
          throw ApplicationFailure.retryable('the job has not ended yet', 'not-ready');
        }
      },
    });
    await sandbox.start('run', 'demo', plan);
    expect(polls).toBe(50);
    expect(stepsOf(sandbox).slice(-5)).toEqual([
      ...['collectBatch', 'submitBatch', 'generate', 'releaseBatch', 'collectRows'],
    ]);
  });

  it('are given up after three jobs in a row that answered nothing', async () => {
    const sandbox = new WorkflowSandbox({ ...jobs(99), collectBatch: emptySteps.collectBatch });
    await sandbox.start('run', 'demo', plan);
    expect(stepsOf(sandbox).filter((step) => step === 'submitBatch')).toHaveLength(3);
    expect(stepsOf(sandbox).slice(-3)).toEqual(['generate', 'releaseBatch', 'collectRows']);
  });

  it('are asked for by smaller jobs while the endpoint has too much enqueued', async () => {
    const requestsMax: (number | null)[] = [];
    const sandbox = new WorkflowSandbox({
      submitBatch: async (input) => {
        requestsMax.push(input.requestsMax);
        const requests = input.requestsMax ?? 50;
        return { job: requestsMax.length > 3 ? null : { id: `job-${requests}`, requests }, overBudget: 0 };
      },
      collectBatch: async ({ job }) => ({
        settled: job.requests > 20 ? 0 : 13,
        isFull: job.requests > 20,
        overBudget: 0,
      }),
    });
    await sandbox.start('run', 'demo', plan);
    expect(requestsMax).toEqual([null, 25, 13, 13]);
  });

  it('of a run that is stopped end their job, and keep what it has done', async () => {
    const polling = createGate();
    const cancelled: string[] = [];
    const sandbox = new WorkflowSandbox({
      ...jobs(2),
      pollBatch: async () => {
        await polling.pass();
      },
      cancelBatch: async ({ job }) => {
        cancelled.push(job.id);
        polling.open();
      },
    });
    const end = sandbox.start('run', 'demo', plan);
    await polling.reached;
    await sandbox.update('demo', steeringUpdates.stop, { request: { verb: 'stop' }, who });
    await end;
    expect(cancelled).toEqual(['job-1']);
    expect(stepsOf(sandbox)).toEqual([
      ...['submitBatch', 'pollBatch', 'cancelBatch', 'collectBatch', 'generate', 'releaseBatch', 'collectRows'],
    ]);
  });

  it('of a run that is paused now keep their job, and look at it again after resume', async () => {
    const polling = createGate();
    let polls = 0;
    const sandbox = new WorkflowSandbox({
      ...jobs(1),
      pollBatch: async (_input, signal) => {
        polls += 1;
        if (polls === 1) {
          void polling.pass();
          await untilAborted(signal);
        }
      },
    });
    const end = sandbox.start('run', 'demo', plan);
    await polling.reached;
    await sandbox.update('demo', steeringUpdates.pause, { request: { verb: 'pause', now: true }, who });
    await sandbox.until(() => sandbox.started.includes('noteWaiting'));
    await sandbox.update('demo', steeringUpdates.resume, { request: { verb: 'resume' }, who });
    await end;
    expect({ polls, cancelled: stepsOf(sandbox).includes('cancelBatch') }).toEqual({ polls: 2, cancelled: false });
  });

  it('of a workflow that is cancelled end their job', async () => {
    const polling = createGate();
    const sandbox = new WorkflowSandbox({
      ...jobs(1),
      pollBatch: async (_input, signal) => {
        void polling.pass();
        await untilAborted(signal);
      },
    });
    const end = sandbox.start('run', 'demo', plan);
    await polling.reached;
    sandbox.cancel('demo/iter-1');
    await expect(end).rejects.toThrow();
    expect(stepsOf(sandbox)).toEqual(['submitBatch', 'pollBatch', 'cancelBatch', 'releaseBatch']);
  });
});
