import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
  type QueryDefinition,
  RetryState,
  type SignalDefinition,
  TypedSearchAttributes,
  type UpdateDefinition,
} from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker';
import type { Workflow as Sandboxed } from '@temporalio/worker/lib/workflow/interface';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm';
import type { WorkflowInfo } from '@temporalio/workflow';
import type * as workflows from '../../src/workflows';
import { emptySteps, type FakeSteps } from './empty-steps';
import { workflowBundlePath } from './paths';

type Workflows = typeof workflows;
type Activation = Parameters<Sandboxed['activate']>[0];
type Job = NonNullable<Activation['jobs']>[number];
type Completion = Awaited<ReturnType<Sandboxed['activate']>>;
type Command = NonNullable<NonNullable<Completion['successful']>['commands']>[number];
type Failure = NonNullable<Command['failWorkflowExecution']>['failure'];
type Resolution = NonNullable<NonNullable<Job['resolveActivity']>['result']>;
type Payload = ReturnType<typeof toPayload>;

const toPayload = (value: unknown) => defaultPayloadConverter.toPayload(value);
const fromPayload = (payload: Payload | null | undefined): unknown =>
  payload == null ? undefined : defaultPayloadConverter.fromPayload(payload);
const failures = new DefaultFailureConverter();
const failureOf = (error: unknown) => failures.errorToFailure(error, defaultPayloadConverter);
const errorOf = (failure: Failure) => failures.failureToError(failure ?? {}, defaultPayloadConverter);

/** Nothing here waits for the clock: what has not happened after so many turns of the event loop does not happen. */
const TURNS_MAX = 20_000;

/** A step that a workflow scheduled, and whether it is still under way. */
interface Activity {
  readonly abort: AbortController;
  readonly isWaitedFor: boolean;
  isOver: boolean;
}

/**
 * The real workflows in the SDK's own sandbox, with the server and the workers replaced by this object in memory: it
 * starts children, runs steps, delivers signals and updates, fires timers and retries steps at once, without the wait.
 * What it cannot do fails the test. One is made for each test; the compiled bundle is shared.
 */
export class WorkflowSandbox {
  /** Names of the steps in the order in which they started, retries included. */
  readonly started: string[] = [];
  private readonly executions = new Map<string, Execution>();

  /** @param steps replace the steps that do nothing, also while the workflows run */
  constructor(readonly steps: FakeSteps & Record<string, unknown> = {}) {}

  /** @returns the workflow's result; rejects where it fails, or where its code throws what no workflow may throw */
  async start<Type extends keyof Workflows>(
    type: Type,
    workflowId: string,
    input: Parameters<Workflows[Type]>[0],
  ): Promise<Awaited<ReturnType<Workflows[Type]>>> {
    const payload = await this.execute(workflowId, type, [toPayload(input)]);
    return fromPayload(payload) as Awaited<ReturnType<Workflows[Type]>>;
  }

  query<T>(workflowId: string, { name }: QueryDefinition<T>): Promise<T> {
    return this.running(workflowId).query(name) as Promise<T>;
  }

  /** @throws what the workflow's validator or handler throws */
  update<T, A>(workflowId: string, { name }: UpdateDefinition<T, [A]>, argument: A): Promise<T> {
    return this.running(workflowId).update(name, argument) as Promise<T>;
  }

  signal<A>(workflowId: string, { name }: SignalDefinition<[A]>, argument: A): void {
    this.running(workflowId).deliver({ signalWorkflow: { signalName: name, input: [toPayload(argument)] } });
  }

  cancel(workflowId: string): void {
    this.running(workflowId).deliver({ cancelWorkflow: { reason: 'test' } });
  }

  /** Returns when the condition holds. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let turns = 0; !(await holds()); turns += 1) {
      if (turns === TURNS_MAX) {
        throw new Error(`this never came about: ${holds}; steps so far: ${this.started.join(', ')}`);
      }
      await turn();
    }
  }

  isRunning(workflowId: string): boolean {
    return this.executions.has(workflowId);
  }

  running(workflowId: string): Execution {
    const execution = this.executions.get(workflowId);
    if (execution === undefined) {
      throw new Error(`${workflowId} is not running`);
    }
    return execution;
  }

  /** Runs a workflow to its end, through all the executions that it continues as. */
  async execute(workflowId: string, type: string, args: readonly Payload[]): Promise<Payload | null> {
    let given = args;
    for (let part = 1; ; part += 1) {
      const execution = await Execution.open(this, { workflowId, type, runId: `${workflowId}#${part}` });
      this.executions.set(workflowId, execution);
      const end = await execution.run(given).finally(() => this.executions.delete(workflowId));
      if (!('continuedWith' in end)) {
        return end.result;
      }
      given = end.continuedWith;
    }
  }
}

type End = { readonly result: Payload | null } | { readonly continuedWith: readonly Payload[] };

/** One execution: a queue of what happens to it, handed to the sandbox one activation at a time. */
class Execution {
  private readonly queue: Job[] = [];
  private readonly activities = new Map<number, Activity>();
  private readonly cancelledTimers = new Set<number>();
  private readonly children = new Map<number, string>();
  private readonly answers = new Map<string, (answer: () => unknown) => void>();
  private isActive = false;
  private asked = 0;
  private settle: (end: () => End) => void = () => {};

  private constructor(
    private readonly server: WorkflowSandbox,
    private readonly type: string,
    private readonly info: WorkflowInfo,
    private readonly sandboxed: Sandboxed,
  ) {}

  static async open(
    server: WorkflowSandbox,
    { workflowId, type, runId }: { workflowId: string; type: string; runId: string },
  ): Promise<Execution> {
    const info = infoOf(workflowId, type, runId);
    const sandbox = await openSandbox();
    const options = { info, randomnessSeed: [1, 2, 3, 4], now: Date.now(), showStackTraceSources: false };
    return new Execution(server, type, info, await sandbox.createWorkflow(options));
  }

  async run(args: readonly Payload[]): Promise<End> {
    const end = new Promise<End>((resolve, reject) => {
      this.settle = (outcome) => {
        try {
          resolve(outcome());
        } catch (error) {
          reject(error);
        }
      };
    });
    const { workflowId } = this.info;
    this.deliver({ initializeWorkflow: { workflowType: this.type, workflowId, arguments: [...args], attempt: 1 } });
    try {
      return await end;
    } finally {
      await this.sandboxed.dispose();
    }
  }

  async query(name: string): Promise<unknown> {
    const queryId = this.next();
    const answer = this.answerTo(queryId);
    const { successful, failed } = await this.sandboxed.activate({
      runId: this.info.runId,
      jobs: [{ variant: 'queryWorkflow', queryWorkflow: { queryId, queryType: name, arguments: [] } }],
    });
    if (failed != null) {
      throw errorOf(failed.failure);
    }
    this.obey(successful?.commands ?? []);
    return answer;
  }

  update(name: string, argument: unknown): Promise<unknown> {
    const id = this.next();
    const answer = this.answerTo(id);
    const input = [toPayload(argument)];
    this.deliver({ doUpdate: { id, protocolInstanceId: id, name, input, runValidator: true, meta: { updateId: id } } });
    return answer;
  }

  deliver(job: Job): void {
    this.queue.push(job);
    this.activate().catch((error: unknown) =>
      this.settle(() => {
        throw error;
      }),
    );
  }

  /** Signals and results that came together are told together, as a server would. */
  private async activate(): Promise<void> {
    if (this.isActive) {
      return;
    }
    this.isActive = true;
    await turn();
    while (this.queue.length > 0) {
      const { successful, failed } = await this.sandboxed.activate({
        ...{ runId: this.info.runId, timestamp: msToTs(Date.now()), isReplaying: false, historyLength: 0 },
        jobs: this.queue.splice(0),
      });
      if (failed != null) {
        this.settle(() => {
          throw errorOf(failed.failure);
        });
        return;
      }
      this.obey(successful?.commands ?? []);
    }
    this.isActive = false;
  }

  private obey(commands: readonly Command[]): void {
    for (const command of commands) {
      this.obeyOne(command);
    }
  }

  private obeyOne(command: Command): void {
    const { completeWorkflowExecution: completed, failWorkflowExecution: failed } = command;
    if (command.scheduleActivity != null) {
      void this.runStep(command.scheduleActivity);
    } else if (command.requestCancelActivity != null) {
      this.cancelStep(command.requestCancelActivity.seq ?? 0);
    } else if (command.startTimer != null) {
      void this.fireTimer(command.startTimer.seq ?? 0);
    } else if (command.cancelTimer != null) {
      this.cancelledTimers.add(command.cancelTimer.seq ?? 0);
    } else if (command.startChildWorkflowExecution != null) {
      void this.runChild(command.startChildWorkflowExecution);
    } else if (command.cancelChildWorkflowExecution != null) {
      const child = this.children.get(command.cancelChildWorkflowExecution.childWorkflowSeq ?? 0) ?? '';
      this.server.cancel(child);
    } else if (command.signalExternalWorkflowExecution != null) {
      this.signalOther(command.signalExternalWorkflowExecution);
    } else if (command.updateResponse != null) {
      const { protocolInstanceId, rejected, completed: value, accepted } = command.updateResponse;
      if (accepted == null) {
        this.answer(protocolInstanceId, rejected, value);
      }
    } else if (command.respondToQuery != null) {
      const { queryId, failed: refused, succeeded } = command.respondToQuery;
      this.answer(queryId, refused, succeeded?.response);
    } else if (completed != null) {
      this.settle(() => ({ result: completed.result ?? null }));
    } else if (failed != null) {
      this.settle(() => {
        throw errorOf(failed.failure);
      });
    } else if (command.continueAsNewWorkflowExecution != null) {
      const continuedWith = command.continueAsNewWorkflowExecution.arguments ?? [];
      this.settle(() => ({ continuedWith: continuedWith as Payload[] }));
    } else if (command.cancelWorkflowExecution != null) {
      this.settle(() => {
        throw new Error(`${this.info.workflowId} was cancelled`);
      });
    } else if (command.upsertWorkflowSearchAttributes == null && command.setPatchMarker == null) {
      throw new Error(`the workflow sandbox has no ${Object.keys(command).join(', ')}`);
    }
  }

  /** Retries at once, as often as the step's policy says. */
  private async runStep(command: NonNullable<Command['scheduleActivity']>): Promise<void> {
    const { retryPolicy, cancellationType } = command;
    const [seq, name, activityId] = [command.seq ?? 0, command.activityType ?? '', command.activityId ?? ''];
    const abort = new AbortController();
    // 0 is TRY_CANCEL in the SDK's wire format: the workflow does not wait for the step's own end.
    const activity: Activity = { abort, isWaitedFor: cancellationType !== 0, isOver: false };
    this.activities.set(seq, activity);
    const attemptsMax = retryPolicy?.maximumAttempts || Number.POSITIVE_INFINITY;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await this.attempt(name, command.arguments?.[0], abort.signal);
        return this.resolveStep(seq, { completed: { result: toPayload(result) } });
      } catch (error) {
        if (abort.signal.aborted) {
          return this.resolveStep(seq, cancelled);
        }
        const isFinal = error instanceof ApplicationFailure && error.nonRetryable === true;
        if (isFinal || attempt >= attemptsMax) {
          const why = isFinal ? RetryState.NON_RETRYABLE_FAILURE : RetryState.MAXIMUM_ATTEMPTS_REACHED;
          const cause = error as Error;
          const failure = new ActivityFailure(cause.message, name, activityId, why, '', cause);
          return this.resolveStep(seq, { failed: { failure: failureOf(failure) } });
        }
        await turn();
      }
    }
  }

  private async attempt(name: string, argument: unknown, signal: AbortSignal): Promise<unknown> {
    await turn();
    signal.throwIfAborted();
    this.server.started.push(name);
    const step = { ...emptySteps, ...this.server.steps }[name as keyof FakeSteps] as
      | ((input: unknown, signal: AbortSignal) => Promise<unknown>)
      | undefined;
    if (step === undefined) {
      throw ApplicationFailure.nonRetryable(`the test has no step ${name}`);
    }
    return step(fromPayload(argument as Payload), signal);
  }

  /** Nobody waits for the clock: a timer fires at the next turn, unless it is cancelled by then. */
  private async fireTimer(seq: number): Promise<void> {
    await turn();
    if (!this.cancelledTimers.has(seq)) {
      this.deliver({ fireTimer: { seq } });
    }
  }

  private resolveStep(seq: number, result: Resolution): void {
    const activity = this.activities.get(seq);
    if (activity !== undefined && !activity.isOver) {
      activity.isOver = true;
      this.deliver({ resolveActivity: { seq, result } });
    }
  }

  private cancelStep(seq: number): void {
    const activity = this.activities.get(seq);
    activity?.abort.abort(new Error('cancelled by the workflow'));
    if (activity?.isWaitedFor === false) {
      this.resolveStep(seq, cancelled);
    }
  }

  private async runChild(command: NonNullable<Command['startChildWorkflowExecution']>): Promise<void> {
    const seq = command.seq ?? 0;
    const [workflowId, workflowType] = [command.workflowId ?? '', command.workflowType ?? ''];
    this.children.set(seq, workflowId);
    const end = this.server.execute(workflowId, workflowType, (command.input ?? []) as Payload[]);
    const told = end.then(
      (result) => ({ completed: { result } }),
      (error: Error) => {
        const { namespace } = this.info;
        const execution = { workflowId, runId: workflowId };
        const why = RetryState.NON_RETRYABLE_FAILURE;
        const failure = new ChildWorkflowFailure(namespace, execution, workflowType, why, error);
        return { failed: { failure: failureOf(failure) } };
      },
    );
    await this.server.until(() => this.server.isRunning(workflowId));
    this.deliver({ resolveChildWorkflowExecutionStart: { seq, succeeded: { runId: workflowId } } });
    const result = await told;
    this.deliver({ resolveChildWorkflowExecution: { seq, result } });
  }

  private signalOther(command: NonNullable<Command['signalExternalWorkflowExecution']>): void {
    const { seq = 0, signalName = '', args } = command;
    const target = command.childWorkflowId ?? command.workflowExecution?.workflowId ?? '';
    if (this.server.isRunning(target)) {
      this.server.running(target).deliver({ signalWorkflow: { signalName, input: args ?? [] } });
      this.deliver({ resolveSignalExternalWorkflow: { seq } });
    } else {
      const failure = failureOf(ApplicationFailure.nonRetryable(`${target} is not running`));
      this.deliver({ resolveSignalExternalWorkflow: { seq, failure } });
    }
  }

  private next(): string {
    this.asked += 1;
    return `ask-${this.asked}`;
  }

  private answerTo(id: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.answers.set(id, (answer) => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  private answer(id: string | null | undefined, failure: Failure | undefined, value: unknown): void {
    this.answers.get(id ?? '')?.(() => {
      if (failure != null) {
        throw errorOf(failure);
      }
      return fromPayload(value as Payload);
    });
  }
}

const cancelled = { cancelled: { failure: { message: 'cancelled', canceledFailureInfo: {} } } };

function infoOf(workflowId: string, workflowType: string, runId: string): WorkflowInfo {
  const now = new Date();
  return {
    ...{ workflowId, workflowType, runId, firstExecutionRunId: runId, attempt: 1, namespace: 'sandbox' },
    ...{ taskQueue: 'sandbox/loop', searchAttributes: {}, typedSearchAttributes: new TypedSearchAttributes() },
    ...{ startTime: now, runStartTime: now, taskTimeoutMs: 10_000, historyLength: 0, historySize: 0 },
    ...{ continueAsNewSuggested: false, suggestedContinueAsNewReasons: [] },
    unsafe: { now: Date.now, isReplaying: false, isReplayingHistoryEvents: false },
  } as unknown as WorkflowInfo;
}

let sandbox: Promise<ReusableVMWorkflowCreator> | undefined;

function openSandbox(): Promise<ReusableVMWorkflowCreator> {
  sandbox ??= readFile(workflowBundlePath, 'utf8').then((code) =>
    ReusableVMWorkflowCreator.create(parseWorkflowCode(code, workflowBundlePath), 5000, new Set(stepNames)),
  );
  return sandbox;
}

const stepNames = [...Object.keys(emptySteps), 'loadPlan', 'reward', 'sketch', 'selectDiverse', 'diagnose'];
