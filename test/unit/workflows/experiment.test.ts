import { ApplicationFailure } from '@temporalio/common';
import type { RunConfig } from '../../../src/core/config/schema';
import { experimentStatusQuery, runStatusQuery, steeringUpdates } from '../../../src/workflows/messages';
import { emptySteps, fakeConfig, ref } from '../../support/empty-steps';
import { createGate } from '../../support/gate';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const { budget, pause, resume, set, stop } = steeringUpdates;
const who = 'ada';
const config = fakeConfig('iterations: 2\nsamples_per_iteration: 50');
const runNames = ['first', 'second', 'third'].map((name) => `grid/${name}`);
const input = (parallelRuns = 1) => ({ experiment: 'grid', plans: ref('plans'), runNames, parallelRuns });

const planOf = (run: string, of: RunConfig) => ({ run, experiment: 'grid', config: of, labels: {}, origins: {} });

function sandboxOf(complete: readonly string[] = []) {
  const sandbox = new WorkflowSandbox();
  sandbox.steps.loadPlan = async ({ index }) => {
    const run = runNames[index] ?? '';
    return { plan: planOf(run, config), isComplete: complete.includes(run), steering: null };
  };
  return sandbox;
}

/** Each run that prepares waits at its gate. */
function gated(sandbox: WorkflowSandbox) {
  const gates = new Map(runNames.map((name) => [name, createGate()]));
  sandbox.steps.prepare = async ({ run }) => {
    await gates.get(run)?.pass();
    return emptySteps.prepare();
  };
  return { reached: (name: string) => gates.get(name)?.reached, open: (name: string) => gates.get(name)?.open() };
}

const statusOf = (sandbox: WorkflowSandbox) => sandbox.query('grid', experimentStatusQuery);

describe('an experiment', () => {
  it('runs all its runs, so many at a time', async () => {
    const sandbox = sandboxOf();
    const gates = gated(sandbox);
    const end = sandbox.start('experiment', 'grid', input(2));
    await gates.reached('grid/first');
    await gates.reached('grid/second');
    expect(await statusOf(sandbox)).toMatchObject({ running: runNames.slice(0, 2), total: 3, parallelRuns: 2 });
    for (const name of runNames) {
      gates.open(name);
    }
    const { finished, failed } = await end;
    expect({ finished: [...finished].sort(), failed }).toEqual({ finished: [...runNames].sort(), failed: [] });
  });

  it('reports a run that fails with its innermost reason, and continues with the others', async () => {
    const sandbox = sandboxOf();
    sandbox.steps.finetune = async ({ run }) => {
      if (run === 'grid/second') {
        throw ApplicationFailure.nonRetryable('the student has no chat template', 'student-input');
      }
      return emptySteps.finetune();
    };
    expect(await sandbox.start('experiment', 'grid', input())).toMatchObject({
      finished: ['grid/first', 'grid/third'],
      failed: [{ run: 'grid/second', reason: 'the student has no chat template' }],
    });
  });

  it('does not repeat runs that the workspace has complete', async () => {
    const sandbox = sandboxOf(['grid/first', 'grid/third']);
    const { finished } = await sandbox.start('experiment', 'grid', input());
    expect(finished).toEqual(runNames);
    expect(sandbox.started.filter((step) => step === 'prepare')).toHaveLength(1);
  });

  it('that is paused pauses its runs and starts no other until it is resumed', async () => {
    const sandbox = sandboxOf();
    const gates = gated(sandbox);
    const end = sandbox.start('experiment', 'grid', input(2));
    await gates.reached('grid/second');
    await sandbox.update('grid', pause, { request: { verb: 'pause', now: false }, who });
    gates.open('grid/first');
    gates.open('grid/second');
    await sandbox.until(() => sandbox.started.filter((step) => step === 'noteWaiting').length === 2);
    for (const name of runNames.slice(0, 2)) {
      expect(await sandbox.query(name, runStatusQuery)).toMatchObject({
        waiting: { reason: /paused by ada/ },
      } as never);
    }
    expect(sandbox.isRunning('grid/third')).toBe(false);
    gates.open('grid/third');
    await sandbox.update('grid', resume, { request: { verb: 'resume' }, who });
    expect((await end).finished).toHaveLength(3);
  });

  it('that is stopped lets the iteration under way finish and starts no further run', async () => {
    const sandbox = sandboxOf();
    const gates = gated(sandbox);
    const end = sandbox.start('experiment', 'grid', input());
    await gates.reached('grid/first');
    await sandbox.update('grid', stop, { request: { verb: 'stop' }, who });
    gates.open('grid/first');
    expect(await end).toMatchObject({ finished: ['grid/first'], failed: [], total: 3 });
  });

  it('passes settings on to the runs under way and to those that start later', async () => {
    const sandbox = sandboxOf();
    const gates = gated(sandbox);
    const end = sandbox.start('experiment', 'grid', input());
    await gates.reached('grid/first');
    const request = { verb: 'set', iterations: 1, parallelRuns: 2 } as const;
    await sandbox.update('grid', set, { request, who });
    await gates.reached('grid/second');
    for (const name of runNames.slice(0, 2)) {
      expect(await sandbox.query(name, runStatusQuery)).toMatchObject({ iterations: 1 });
    }
    for (const name of runNames) {
      gates.open(name);
    }
    await end;
    // The base and one iteration of each run.
    expect(sandbox.started.filter((step) => step === 'evaluate')).toHaveLength(6);
  });

  it('whose caps are raised wakes the run that waits at one of them', async () => {
    const sandbox = sandboxOf();
    let isRaised = false;
    sandbox.steps.generate = async (given) => ({
      ...(await emptySteps.generate(given)),
      overBudget: isRaised ? 0 : 10,
    });
    const lines = 'iterations: 1\nsamples_per_iteration: 50\nbudget: {tokens: 1000000, on_exhausted: pause}';
    const plan = planOf('grid/first', fakeConfig(lines));
    sandbox.steps.loadPlan = async () => ({ plan, isComplete: false, steering: null });
    const end = sandbox.start('experiment', 'grid', { ...input(), runNames: ['grid/first'] });
    await sandbox.until(() => sandbox.started.includes('noteWaiting'));
    isRaised = true;
    await sandbox.update('grid', budget, { request: { verb: 'budget', tokens: 2000000 }, who });
    expect((await end).finished).toEqual(['grid/first']);
  });
});
