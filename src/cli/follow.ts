import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { StepProgress } from '../activities/progress';
import { loadRun } from '../analysis/load';
import type { RunPlan } from '../core/config';
import { iterationWorkflowId } from '../core/names';
import { accuracyOf, macroAccuracyOf } from '../core/statistics/accuracy';
import type { Ledger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import {
  type ExperimentStatus,
  experimentStatusQuery,
  iterationStatusQuery,
  type RunStatus,
  runStatusQuery,
} from '../workflows/messages';
import type { RunSnapshot, Snapshot, TeacherSnapshot } from './snapshot';

export interface FollowOptions {
  readonly client: Client;
  readonly workspace: Workspace;
  readonly ledger: Ledger;
  /** The experiment, or the single run. */
  readonly name: string;
  readonly plans: readonly RunPlan[];
  readonly startedMs: number;
}

/**
 * One look at the running work. What runs is asked of the workflows (a query each, and the heartbeat details of their
 * pending steps); what is finished is read from the workspace; money is read from the ledger.
 */
export async function takeSnapshot(options: FollowOptions): Promise<Snapshot> {
  const experiment = await experimentStatus(options);
  const failed = new Set(experiment?.failed.map(({ run }) => run));
  const runs = await Promise.all(options.plans.map((plan) => snapshotOf(options, plan, failed)));
  return {
    name: options.name,
    elapsedSeconds: (Date.now() - options.startedMs) / 1000,
    waitingFor: heldBack(options.name, experiment),
    runs,
    teacher: await teacherSnapshot(options),
  };
}

async function experimentStatus({ client, name, plans }: FollowOptions): Promise<ExperimentStatus | null> {
  if (plans[0]?.experiment === null) {
    return null;
  }
  return askOr<ExperimentStatus | null>(null, () => client.workflow.getHandle(name).query(experimentStatusQuery));
}

/** A paused experiment starts no further runs. */
function heldBack(name: string, status: ExperimentStatus | null): string | null {
  const paused = status?.steering.paused ?? null;
  return paused === null ? null : `paused by ${paused.who}; \`tutelage resume ${name}\` goes on`;
}

async function snapshotOf(options: FollowOptions, plan: RunPlan, failed: ReadonlySet<string>): Promise<RunSnapshot> {
  const stored = await loadRun(options.workspace.root, plan.run);
  const waiting: RunSnapshot = {
    run: plan.run,
    state: failed.has(plan.run) ? 'failed' : 'waiting',
    step: '',
    stepSeconds: 0,
    iteration: stored?.iterations.length ?? 0,
    iterations: plan.config.iterations,
    progress: null,
    rowsAccepted: stored?.iterations.reduce((sum, { accepted }) => sum + accepted, 0) ?? 0,
    rowsPlanned: plannedRows(plan),
    accuracy: null,
    macroAccuracy: null,
    waitingFor: null,
  };
  const evaluation = stored?.iterations.at(-1)?.evaluation ?? stored?.baseEvaluation;
  const known = {
    ...waiting,
    accuracy: evaluation ? accuracyOf(evaluation.overall) : null,
    macroAccuracy: evaluation ? macroAccuracyOf(evaluation.strata) : null,
  };
  if (stored !== null && stored.state !== 'running') {
    return { ...known, state: stored.state === 'stopped' ? 'stopped' : 'complete' };
  }
  if (known.state === 'failed') {
    return known;
  }
  const status = await askOr<RunStatus | null>(null, () =>
    options.client.workflow.getHandle(plan.run).query(runStatusQuery),
  );
  return status === null ? known : runningSnapshot(options, known, status);
}

async function runningSnapshot({ client }: FollowOptions, known: RunSnapshot, status: RunStatus): Promise<RunSnapshot> {
  const running: RunSnapshot = {
    ...known,
    state: 'running',
    step: status.step,
    iteration: status.iterationsDone,
    iterations: status.iterations,
    rowsPlanned: status.rowsPlanned,
    waitingFor: status.waiting?.reason ?? null,
  };
  if (status.step !== 'iteration') {
    return { ...running, progress: await pendingProgress(client, known.run) };
  }
  const iteration = status.iterationsDone + 1;
  const child = iterationWorkflowId(known.run, iteration);
  const inner = await askOr(null, () => client.workflow.getHandle(child).query(iterationStatusQuery));
  if (inner === null) {
    return { ...running, iteration };
  }
  return {
    ...running,
    iteration,
    step: inner.step,
    stepSeconds: Math.max(0, (Date.now() - inner.stepSinceMs) / 1000),
    progress: await pendingProgress(client, child),
    rowsAccepted: status.rowsAccepted + inner.rowsAccepted,
    waitingFor: inner.waiting?.reason ?? null,
  };
}

/** The heartbeat details of a workflow's pending steps, added up: micro-batches of one wave are one step for a reader. */
async function pendingProgress(client: Client, workflowId: string): Promise<StepProgress | null> {
  const description = await askOr(null, () => client.workflow.getHandle(workflowId).describe());
  const details = (description?.raw.pendingActivities ?? [])
    .map((pending) => pending.heartbeatDetails?.payloads?.[0])
    .filter((payload) => payload != null)
    .map((payload) => defaultPayloadConverter.fromPayload<StepProgress | undefined>(payload))
    .filter((progress) => progress != null);
  const [first] = details;
  if (first === undefined) {
    return null;
  }
  const sum = (of: (progress: StepProgress) => number) => details.reduce((total, progress) => total + of(progress), 0);
  return { ...first, done: sum(({ done }) => done), total: sum(({ total }) => total) };
}

async function teacherSnapshot({ ledger, plans }: FollowOptions): Promise<TeacherSnapshot> {
  return ledger.overview(plans.map(({ run }) => run));
}

function plannedRows({ config }: RunPlan): number {
  const planned = config.iterations * config.samples_per_iteration;
  return Math.min(planned, config.budget.samples ?? planned);
}

/** A workflow that has not started, has ended, or is between two tasks does not answer; the next look will see it. */
async function askOr<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
}
