import { ApplicationFailure } from '@temporalio/common';
import { iterationStatusQuery, runStatusQuery, steeringUpdates } from '../../../src/workflows/messages';
import { emptySteps, type FakeSteps, fakeConfig } from '../../support/empty-steps';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const { budget, resume, stop } = steeringUpdates;
const who = 'ada';
const plan = (lines: string) => ({ run: 'demo', experiment: null, config: fakeConfig(lines) });
const oneIteration = plan('iterations: 1\nsamples_per_iteration: 50');

const refusal = () => ApplicationFailure.nonRetryable('401: the key is wrong\nhint: set TEST_KEY', 'teacher-refused');

/** A teacher that refuses the first `times` chunks. */
function refusing(times: number) {
  let asked = 0;
  return new WorkflowSandbox({
    generate: async (input) => {
      asked += 1;
      if (asked <= times) {
        throw refusal();
      }
      return emptySteps.generate(input);
    },
  });
}

const isWaiting = (sandbox: WorkflowSandbox) => () => sandbox.started.includes('noteWaiting');
const waiting = async (sandbox: WorkflowSandbox) => (await sandbox.query('demo/iter-1', iterationStatusQuery)).waiting;
const count = (sandbox: WorkflowSandbox, step: string) => sandbox.started.filter((one) => one === step).length;

describe('a run whose teacher refuses everything', () => {
  it('waits with the reason, and asks again after each resume', async () => {
    const sandbox = refusing(2);
    const end = sandbox.start('run', 'demo', oneIteration);
    await sandbox.until(isWaiting(sandbox));
    expect(await waiting(sandbox)).toMatchObject({ reason: expect.stringContaining('the key is wrong') });
    for (const asked of [1, 2]) {
      expect(count(sandbox, 'generate')).toBe(asked);
      await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
      await sandbox.until(() => count(sandbox, 'generate') === asked + 1);
    }
    expect(await end).toMatchObject({ endedBecause: 'iterations', rowsAccepted: 50 });
  });

  it('ends with what there is when it is stopped', async () => {
    const sandbox = refusing(99);
    sandbox.steps.collectRows = async (input) => ({ ...(await emptySteps.collectRows(input)), accepted: 0 });
    const end = sandbox.start('run', 'demo', oneIteration);
    await sandbox.until(isWaiting(sandbox));
    await sandbox.update('demo', stop, { request: { verb: 'stop' }, who });
    expect(await end).toMatchObject({ endedBecause: 'stopped', iterationsDone: 0, rowsAccepted: 0 });
    expect(count(sandbox, 'finetune')).toBe(0);
  });

  it('is not waited for where the failure is of another kind', async () => {
    const sandbox = new WorkflowSandbox({
      generate: async () => {
        throw ApplicationFailure.nonRetryable('the artifact is damaged', 'damaged');
      },
    });
    await expect(sandbox.start('run', 'demo', oneIteration)).rejects.toMatchObject({
      cause: { cause: { message: 'the artifact is damaged', type: 'damaged' } },
    });
    expect(count(sandbox, 'noteWaiting')).toBe(0);
  });
});

describe('a run whose rows are paid for and useless', () => {
  const lines =
    'iterations: 1\nsamples_per_iteration: 40\nteacher: {provider: openai, model: m, price: {input: 1, output: 1}}';
  const paid = plan(lines);

  /** Accepts no row of the first round, all of the second. */
  function uselessAtFirst(): FakeSteps {
    let rounds = 0;
    return {
      collectRows: async (input) => {
        rounds += 1;
        const collected = await emptySteps.collectRows(input);
        return rounds > 1 ? collected : { ...collected, accepted: 0, reasons: { 'answer: cut off': 40 } };
      },
    };
  }

  it('waits before it buys replacements, and buys them after a resume', async () => {
    const sandbox = new WorkflowSandbox(uselessAtFirst());
    const end = sandbox.start('run', 'demo', paid);
    await sandbox.until(isWaiting(sandbox));
    expect((await waiting(sandbox))?.reason).toMatch(/^40 of the first 40 rows.*answer: cut off.*tutelage resume demo/);
    expect(count(sandbox, 'generate')).toBe(1);
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    expect(await end).toMatchObject({ rowsAccepted: 40 });
    expect(count(sandbox, 'generate')).toBe(2);
  });

  it('buys no more when it is stopped', async () => {
    const sandbox = new WorkflowSandbox(uselessAtFirst());
    const end = sandbox.start('run', 'demo', paid);
    await sandbox.until(isWaiting(sandbox));
    await sandbox.update('demo', stop, { request: { verb: 'stop' }, who });
    expect(await end).toMatchObject({ endedBecause: 'stopped', rowsAccepted: 0 });
    expect(count(sandbox, 'generate')).toBe(1);
  });

  it('waits in the middle of a round too, and tells each later step what a person accepted, in later iterations too', async () => {
    const given: unknown[] = [];
    const useless = { reason: 'answer: cut off', rejected: 16, bought: 20 };
    const sandbox = new WorkflowSandbox({
      generate: async (input) => {
        given.push(input.acceptedRejections);
        if (given.length === 1) {
          throw ApplicationFailure.nonRetryable('16 of the first 20 rows', 'useless-rows', useless);
        }
        return emptySteps.generate(input);
      },
    });
    const end = sandbox.start('run', 'demo', plan(lines.replace('iterations: 1', 'iterations: 2')));
    await sandbox.until(isWaiting(sandbox));
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    await end;
    const accepted = { 'answer: cut off': 0.8 };
    expect(given).toEqual([{}, accepted, accepted]);
  });

  it('does not wait where the teacher costs nothing', async () => {
    const sandbox = new WorkflowSandbox(uselessAtFirst());
    await sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 40'));
    expect(count(sandbox, 'noteWaiting')).toBe(0);
  });
});

describe('a run at a cap', () => {
  const capped = 'iterations: 2\nsamples_per_iteration: 50\nbudget: {samples: 100, on_exhausted: pause}';

  /** Leaves rows out until the cap is raised. */
  function capping() {
    let isRaised = false;
    const sandbox = new WorkflowSandbox({
      generate: async (input) => ({ ...(await emptySteps.generate(input)), overBudget: isRaised ? 0 : 10 }),
      changeBudget: async ({ samples }) => {
        isRaised = true;
        return samples ?? null;
      },
    });
    return sandbox;
  }

  it('that is to pause waits, and buys the rows left out when the cap is raised', async () => {
    const sandbox = capping();
    const end = sandbox.start('run', 'demo', plan(capped));
    await sandbox.until(isWaiting(sandbox));
    expect(await waiting(sandbox)).toMatchObject({ reason: expect.stringMatching(/budget cap.*tutelage budget demo/) });
    await sandbox.update('demo', budget, { request: { verb: 'budget', samples: 120 }, who });
    expect(await end).toMatchObject({ endedBecause: 'iterations', iterationsDone: 2, rowsAccepted: 100 });
  });

  it('on rows waits between two iterations too', async () => {
    const sandbox = new WorkflowSandbox();
    const end = sandbox.start('run', 'demo', plan(capped.replace('iterations: 2', 'iterations: 3')));
    await sandbox.until(isWaiting(sandbox));
    expect(await sandbox.query('demo', runStatusQuery)).toMatchObject({ iterationsDone: 2, rowsAccepted: 100 });
    await sandbox.update('demo', budget, { request: { verb: 'budget', samples: 120 }, who });
    expect(await end).toMatchObject({ endedBecause: 'iterations', iterationsDone: 3, rowsAccepted: 120 });
  });

  it('that the ledger refuses to lower answers with its sentence, and keeps the cap', async () => {
    const sandbox = new WorkflowSandbox({
      changeBudget: async () => {
        throw ApplicationFailure.nonRetryable('demo has already bought 100 rows', 'usage');
      },
    });
    const end = sandbox.start('run', 'demo', plan(capped.replace('iterations: 2', 'iterations: 3')));
    await sandbox.until(isWaiting(sandbox));
    const lowered = sandbox.update('demo', budget, { request: { verb: 'budget', samples: 10 }, who });
    await expect(lowered).rejects.toThrow('demo has already bought 100 rows');
    await sandbox.update('demo', stop, { request: { verb: 'stop' }, who });
    expect(await end).toMatchObject({ endedBecause: 'stopped', rowsAccepted: 100 });
  });

  it('ends with "budget" where it is not to pause', async () => {
    const sandbox = new WorkflowSandbox();
    const lines = 'iterations: 3\nsamples_per_iteration: 50\nbudget: {samples: 70}';
    expect(await sandbox.start('run', 'demo', plan(lines))).toMatchObject({
      ...{ endedBecause: 'budget', iterationsDone: 2, rowsAccepted: 70 },
    });
  });
});
