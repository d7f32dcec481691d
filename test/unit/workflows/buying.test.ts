import { steeringUpdates } from '../../../src/workflows/messages';
import { emptySteps, type FakeSteps, fakeConfig } from '../../support/empty-steps';
import { createGate } from '../../support/gate';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const who = 'ada';
const plan = (lines: string) => ({ run: 'demo', experiment: null, config: fakeConfig(lines) });

/** Ranks that were put to the teacher, chunk by chunk, in the order in which their steps began. */
function chunkRecorder() {
  const chunks: string[] = [];
  const generate: NonNullable<FakeSteps['generate']> = async (input) => {
    chunks.push(`${input.from}-${input.to}`);
    return emptySteps.generate(input);
  };
  return { chunks, generate };
}

/** Accepts this share of the rows that were bought, and says why the others were rejected. */
const accepting =
  (share: number, reason = 'the answer is wrong'): NonNullable<FakeSteps['collectRows']> =>
  async (input) => {
    const bought = input.chunks.reduce((sum, { rows = 0 }) => sum + rows, 0);
    const accepted = Math.min(input.rowsWanted, Math.floor(bought * share));
    const collected = await emptySteps.collectRows(input);
    return { ...collected, accepted, reasons: bought === accepted ? {} : { [reason]: bought - accepted } };
  };

describe('an iteration', () => {
  it('buys its rows in chunks of 50, in rank order', async () => {
    const { chunks, generate } = chunkRecorder();
    const sandbox = new WorkflowSandbox({ generate });
    await sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 120'));
    expect(chunks).toEqual(['0-50', '50-100', '100-120']);
  });

  it('replaces rejected rows by the seeds that follow, until enough are accepted', async () => {
    const { chunks, generate } = chunkRecorder();
    const sandbox = new WorkflowSandbox({ generate, collectRows: accepting(0.8) });
    const result = await sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 40'));
    expect(chunks).toEqual(['0-40', '40-48', '48-50']);
    expect(result.rowsAccepted).toBe(40);
  });

  it('asks for at most two seeds a row, and continues with the rows it has', async () => {
    const { chunks, generate } = chunkRecorder();
    const sandbox = new WorkflowSandbox({ generate, collectRows: accepting(0.25) });
    const result = await sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 40'));
    expect(chunks.at(-1)).toMatch(/-80$/);
    expect(result.rowsAccepted).toBe(20);
  });

  it('fails with the reasons where no row could be used', async () => {
    const sandbox = new WorkflowSandbox({ collectRows: accepting(0, 'the reply has no text') });
    const end = sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 10'));
    await expect(end).rejects.toMatchObject({
      cause: { message: 'the teacher was asked for 20 rows and none could be used: 20 times the reply has no text' },
    });
  });

  it('buys one chunk after another where a cap may bind, several at once where none does', async () => {
    const widest = async (mayBind: boolean) => {
      let [underWay, most] = [0, 0];
      const sandbox = new WorkflowSandbox({
        budgetMayBind: async () => mayBind,
        generate: async (input) => {
          underWay += 1;
          most = Math.max(most, underWay);
          await new Promise(setImmediate);
          underWay -= 1;
          return emptySteps.generate(input);
        },
      });
      await sandbox.start('run', 'demo', plan('iterations: 1\nsamples_per_iteration: 300'));
      return most;
    };
    expect(await widest(true)).toBe(1);
    expect(await widest(false)).toBeGreaterThan(1);
  });

  it('buys nothing more once a cap has left rows out', async () => {
    const chunks: number[] = [];
    const sandbox = new WorkflowSandbox({
      budgetMayBind: async () => true,
      generate: async (input) => {
        chunks.push(input.from);
        return { ...(await emptySteps.generate(input)), overBudget: input.from === 50 ? 30 : 0 };
      },
      collectRows: async (input) => ({ ...(await emptySteps.collectRows(input)), accepted: 70, overBudget: 30 }),
    });
    const result = await sandbox.start('run', 'demo', plan('iterations: 3\nsamples_per_iteration: 200'));
    expect(chunks).toEqual([0, 50]);
    expect(result).toMatchObject({ endedBecause: 'budget', iterationsDone: 1, rowsAccepted: 70 });
  });

  it('uses the concurrency that was set last for the chunks that follow', async () => {
    const gate = createGate();
    const parallel: number[] = [];
    const sandbox = new WorkflowSandbox({
      budgetMayBind: async () => true,
      generate: async (input) => {
        parallel.push(input.config.teacher.max_parallel_requests);
        await (parallel.length === 1 ? gate.pass() : undefined);
        return emptySteps.generate(input);
      },
    });
    const lines = 'iterations: 1\nsamples_per_iteration: 100\nteacher: {provider: offline, max_parallel_requests: 8}';
    const end = sandbox.start('run', 'demo', plan(lines));
    await gate.reached;
    await sandbox.update('demo', steeringUpdates.set, { request: { verb: 'set', concurrency: 3 }, who });
    gate.open();
    await end;
    expect(parallel).toEqual([8, 3]);
  });
});
