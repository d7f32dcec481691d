import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, ChildWorkflowFailure, RetryState, TerminatedFailure } from '@temporalio/common';
import { isTutelageError } from '../core/errors';
import { runFailure } from './run-failure';

/** As a server tells it: the step's failure within those of the iteration and of the run. */
const failedRun = (step: ApplicationFailure) => {
  const execution = { workflowId: 'demo/iter-1', runId: 'x' };
  const child = new ChildWorkflowFailure('default', execution, 'iteration', RetryState.MAXIMUM_ATTEMPTS_REACHED, step);
  return new WorkflowFailedError('Workflow execution failed', child, RetryState.MAXIMUM_ATTEMPTS_REACHED);
};

describe('a run that failed', () => {
  it.each([
    ['student-input', 'the text is too long\nhint: shorten it', 'demo failed: the text is too long', 'shorten it'],
    [
      'no-rows-accepted',
      'not one could be used',
      'demo failed: not one could be used',
      expect.stringContaining('preview'),
    ],
  ])('tells of %s in the words of its step, with the next step', (type, told, message, hint) => {
    const failure = runFailure('demo', failedRun(ApplicationFailure.create({ type, message: told })));
    expect(isTutelageError(failure)).toBe(true);
    expect(failure).toMatchObject({ message, hint });
  });

  it('is told how to resume where somebody terminated its workflow', () => {
    const terminated = new WorkflowFailedError(
      'failed',
      new TerminatedFailure('by an operator'),
      RetryState.NON_RETRYABLE_FAILURE,
    );
    expect(runFailure('demo', terminated)).toMatchObject({
      message: 'the workflow of demo was ended from outside: by an operator',
      hint: expect.stringContaining('run the same command again'),
    });
  });

  it('keeps the stack of a bug', () => {
    const bug = failedRun(ApplicationFailure.create({ type: 'TypeError', message: 'x is not a function' }));
    expect(runFailure('demo', bug)).toBe(bug);
    const other = new Error('the server is gone');
    expect(runFailure('demo', other)).toBe(other);
  });
});
