import { runStatusQuery, steeringUpdates } from '../../../src/workflows/messages';
import { emptySteps, fakeConfig } from '../../support/empty-steps';
import { createGate, untilAborted } from '../../support/gate';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const { pause, resume, set, stop } = steeringUpdates;
const who = 'ada';
const plan = (iterations = 1) => ({
  ...{ run: 'demo', experiment: null },
  config: fakeConfig(`iterations: ${iterations}\nsamples_per_iteration: 50`),
});

const waitingOf = async (sandbox: WorkflowSandbox) => (await sandbox.query('demo', runStatusQuery)).waiting;

/** A run whose `step` waits at a gate the first time. */
function gatedAt(step: keyof typeof emptySteps) {
  const gate = createGate();
  const sandbox = new WorkflowSandbox({
    [step]: async (input: never) => {
      await gate.pass();
      return (emptySteps[step] as (input: never) => Promise<unknown>)(input);
    },
  });
  return { gate, sandbox };
}

describe('a run that is paused', () => {
  const steps = ['prepare', 'evaluate', 'predict', 'score', 'select', 'generate', 'collectRows', 'finetune'] as const;

  it.each(steps)('during %s finishes that step, waits, and takes each further step once after resume', async (step) => {
    const { gate, sandbox } = gatedAt(step);
    const waits: (string | null)[] = [];
    sandbox.steps.noteWaiting = async ({ waitingFor }: { waitingFor: string | null }) => void waits.push(waitingFor);
    const end = sandbox.start('run', 'demo', plan());
    await gate.reached;
    await sandbox.update('demo', pause, { request: { verb: 'pause', now: false }, who });
    gate.open();
    await sandbox.until(() => waits.length === 1);
    expect(waits).toEqual(['paused by ada; `tutelage resume demo` resumes it']);
    const soFar = [...sandbox.started];
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    await end;
    expect(waits).toEqual([expect.any(String), null]);
    expect(soFar.filter((one) => one === step)).toHaveLength(1);
    for (const once of ['prepare', 'generate', 'finetune']) {
      expect(sandbox.started.filter((one) => one === once)).toHaveLength(1);
    }
  });

  it('with --now cancels the step under way and repeats it after resume', async () => {
    const finetuning = createGate();
    let finetunes = 0;
    const sandbox = new WorkflowSandbox({
      finetune: async (_input, signal) => {
        finetunes += 1;
        if (finetunes === 1) {
          void finetuning.pass();
          await untilAborted(signal);
        }
        return emptySteps.finetune();
      },
    });
    const end = sandbox.start('run', 'demo', plan());
    await finetuning.reached;
    await sandbox.update('demo', pause, { request: { verb: 'pause', now: true }, who });
    await sandbox.until(() => sandbox.started.filter((step) => step === 'noteWaiting').length === 1);
    expect(finetunes).toBe(1);
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    expect(await end).toMatchObject({ endedBecause: 'iterations', iterationsDone: 1 });
    expect(finetunes).toBe(2);
  });

  it('says on query who paused it and how to resume it', async () => {
    const { gate, sandbox } = gatedAt('readData');
    const end = sandbox.start('run', 'demo', plan());
    await gate.reached;
    await sandbox.update('demo', pause, { request: { verb: 'pause', now: false }, who });
    gate.open();
    await sandbox.until(async () => (await waitingOf(sandbox)) !== null);
    expect(await waitingOf(sandbox)).toMatchObject({ reason: expect.stringContaining('tutelage resume demo') });
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    await end;
  });

  it('refuses a second pause, and keeps the first', async () => {
    const { gate, sandbox } = gatedAt('readData');
    const end = sandbox.start('run', 'demo', plan());
    await gate.reached;
    const request = { verb: 'pause', now: false } as const;
    await sandbox.update('demo', pause, { request, who });
    await expect(sandbox.update('demo', pause, { request, who: 'ben' })).rejects.toThrow('already paused, by ada');
    expect((await sandbox.query('demo', runStatusQuery)).steering).toMatchObject({ paused: { who: 'ada' } });
    gate.open();
    await sandbox.update('demo', resume, { request: { verb: 'resume' }, who });
    await end;
  });
});

describe('a run that is stopped', () => {
  it('finishes its iteration, also from a pause, and begins no other', async () => {
    const { gate, sandbox } = gatedAt('finetune');
    const end = sandbox.start('run', 'demo', plan(3));
    await gate.reached;
    await sandbox.update('demo', pause, { request: { verb: 'pause', now: false }, who });
    gate.open();
    await sandbox.until(() => sandbox.started.includes('noteWaiting'));
    await sandbox.update('demo', stop, { request: { verb: 'stop' }, who });
    expect(await end).toMatchObject({ endedBecause: 'stopped', iterationsDone: 1, rowsAccepted: 50 });
    expect(sandbox.started.filter((step) => step === 'evaluate')).toHaveLength(2);
  });
});

describe('a run whose iterations are changed', () => {
  it('does as many as were set last', async () => {
    const { gate, sandbox } = gatedAt('finetune');
    const end = sandbox.start('run', 'demo', plan(2));
    await gate.reached;
    await sandbox.update('demo', set, { request: { verb: 'set', iterations: 3 }, who });
    gate.open();
    expect(await end).toMatchObject({ endedBecause: 'iterations', iterationsDone: 3 });
  });

  it('refuses fewer than it has begun', async () => {
    const sandbox = new WorkflowSandbox();
    const gate = createGate();
    let evaluations = 0;
    sandbox.steps.evaluate = async () => {
      evaluations += 1;
      // The base, the first iteration, then the second.
      await (evaluations === 3 ? gate.pass() : undefined);
      return emptySteps.evaluate();
    };
    const end = sandbox.start('run', 'demo', plan(2));
    await gate.reached;
    const request = { verb: 'set', iterations: 1 } as const;
    await expect(sandbox.update('demo', set, { request, who })).rejects.toThrow(
      'below the 2 iterations that demo has already begun',
    );
    gate.open();
    await end;
  });
});
