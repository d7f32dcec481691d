import { fakeConfig } from '../../support/empty-steps';
import { WorkflowSandbox } from '../../support/workflow-sandbox';

const plan = (lines: string) => ({ run: 'demo', experiment: null, config: fakeConfig(lines) });

describe('a run', () => {
  it('does its iterations one after another, each step once', async () => {
    const sandbox = new WorkflowSandbox();
    const result = await sandbox.start('run', 'demo', plan('iterations: 2\nsamples_per_iteration: 50'));
    expect(result).toEqual({ run: 'demo', endedBecause: 'iterations', iterationsDone: 2, rowsAccepted: 100 });
    const iteration = [
      'predict',
      'score',
      'select',
      'budgetMayBind',
      'generate',
      'checkRows',
      'collectRows',
      'finetune',
      'evaluate',
    ];
    expect(sandbox.started).toEqual([
      ...['readData', 'prepare', 'evaluate', 'archive'],
      ...[...iteration, 'archive'],
      ...[...iteration, 'archive'],
    ]);
  });
});
