import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { StepProgress } from '../activities/progress';
import { notesOf } from '../activities/steering';
import { iterationWorkflowId } from '../core/names';
import type { Ledger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import {
  type ExperimentStatus,
  experimentStatusQuery,
  iterationStatusQuery,
  type RunStatus,
  runStatusQuery,
  type Waiting,
} from '../workflows/messages';
import type { RunSnapshot, Snapshot } from './snapshot';
import { changesOf, isoOrNull, type PlannedRun, projected, type Seen, storedSnapshot } from './stored-snapshot';

export interface FollowOptions {
  /** `null` where nobody could answer: then the workspace alone is looked at. */
  readonly client: Client | null;
  readonly workspace: Workspace;
  readonly ledger: Ledger;
  /** The experiment, or the single run. */
  readonly name: string;
  readonly isExperiment: boolean;
  readonly plans: readonly PlannedRun[];
  readonly startedMs: number;
  /** Complete runs that an earlier look saw, by name: they change no more, so a look costs what the others cost. */
  readonly complete: Map<string, Seen>;
}

/**
 * One look at the work. What runs is asked of the workflows (a query each, and the heartbeat details of their pending
 * steps); what is finished is read from the workspace; money is read from the ledger.
 */
export async function takeSnapshot(options: FollowOptions): Promise<Snapshot> {
  const { client, name, plans } = options;
  const experiment = await experimentStatus(options);
  const failed = new Set(experiment?.failed.map(({ run }) => run));
  const seen = await Promise.all(
    plans.map(async (plan) => {
      const { snapshot, teacher } = await storedOnce(options, plan);
      if (failed.has(plan.run)) {
        return { snapshot: { ...snapshot, state: 'failed' as const }, teacher };
      }
      const isOver = snapshot.state === 'complete' || snapshot.state === 'stopped';
      return { snapshot: isOver || client === null ? snapshot : await liveSnapshot(client, snapshot), teacher };
    }),
  );
  return {
    name,
    elapsedSeconds: (Date.now() - options.startedMs) / 1000,
    source: client === null ? 'workspace' : 'live',
    ...(await ofExperiment(options, experiment)),
    runs: seen.map(({ snapshot }) => snapshot),
    teacher: sumOf(seen.map(({ teacher }) => teacher)),
  };
}

async function storedOnce({ workspace, ledger, complete }: FollowOptions, plan: PlannedRun): Promise<Seen> {
  const seen = complete.get(plan.run) ?? (await storedSnapshot({ workspace, ledger }, plan));
  if (seen.snapshot.state === 'complete') {
    complete.set(plan.run, seen);
  }
  return seen;
}

function sumOf(teachers: readonly Snapshot['teacher'][]): Snapshot['teacher'] {
  const sum = (of: keyof Snapshot['teacher']) => teachers.reduce((total, teacher) => total + teacher[of], 0);
  return {
    bought: sum('bought'),
    shared: sum('shared'),
    inFlight: sum('inFlight'),
    unknown: sum('unknown'),
    tokens: sum('tokens'),
    usd: sum('usd'),
  };
}

async function experimentStatus({ client, name, isExperiment }: FollowOptions): Promise<ExperimentStatus | null> {
  return client !== null && isExperiment
    ? askOr<ExperimentStatus | null>(null, () => client.workflow.getHandle(name).query(experimentStatusQuery))
    : null;
}

/** A paused experiment starts no further runs. */
async function ofExperiment(
  { client, workspace, name, isExperiment }: FollowOptions,
  status: ExperimentStatus | null,
): Promise<Pick<Snapshot, 'waitingFor' | 'parallelRuns' | 'changes'>> {
  if (!isExperiment) {
    return { waitingFor: null, parallelRuns: null, changes: [] };
  }
  const steering = client === null ? (await notesOf(workspace, name)).steering : (status?.steering ?? null);
  const paused = steering?.paused ?? null;
  return {
    waitingFor: paused === null ? null : `paused by ${paused.who}; \`tutelage resume ${name}\` goes on`,
    parallelRuns: status?.parallelRuns ?? steering?.parallelRuns ?? null,
    changes: steering === null ? [] : changesOf(steering),
  };
}

async function liveSnapshot(client: Client, stored: RunSnapshot): Promise<RunSnapshot> {
  const status = await askOr<RunStatus | null>(null, () => client.workflow.getHandle(stored.run).query(runStatusQuery));
  if (status === null) {
    return stored;
  }
  const { iterations, iterationsDone, rowsPlanned, steering } = status;
  const running: RunSnapshot = {
    ...stored,
    ...{ state: 'running', iterations, rowsPlanned, step: status.step, iteration: iterationsDone, iterationsDone },
    ...waitingOf(status.waiting),
    stepSeconds: secondsSince(status.stepSinceMs),
    changes: changesOf(steering),
  };
  if (status.step !== 'iteration') {
    return withProgress(running, await pendingProgress(client, stored.run));
  }
  const iteration = status.iterationsDone + 1;
  const child = iterationWorkflowId(stored.run, iteration);
  const inner = await askOr(null, () => client.workflow.getHandle(child).query(iterationStatusQuery));
  if (inner === null) {
    return { ...running, iteration };
  }
  const rowsAccepted = status.rowsAccepted + inner.rowsAccepted;
  return withProgress(
    {
      ...running,
      ...waitingOf(inner.waiting),
      iteration,
      step: inner.step,
      stepSeconds: secondsSince(inner.stepSinceMs),
      rowsAccepted,
      projectedUsd: projected(stored.budget?.usd.spent ?? 0, stored.budget?.samples.spent ?? 0, rowsPlanned),
      secondsLeft: secondsLeft(status),
    },
    await pendingProgress(client, child),
  );
}

const waitingOf = (waiting: Waiting | null) => ({
  waitingFor: waiting?.reason ?? null,
  waitingSince: isoOrNull(waiting?.sinceMs),
});

const secondsSince = (ms: number) => Math.max(0, (Date.now() - ms) / 1000);

/** The iterations to come at the pace of the last one; finetunes grow, so it is rather more. */
function secondsLeft({ lastIterationMs, iterations, iterationsDone, stepSinceMs }: RunStatus): number | null {
  return lastIterationMs === null
    ? null
    : Math.max(0, ((iterations - iterationsDone) * lastIterationMs) / 1000 - secondsSince(stepSinceMs));
}

function withProgress(run: RunSnapshot, progress: StepProgress | null): RunSnapshot {
  const hasRate = progress !== null && progress.done > 0 && run.stepSeconds > 0.5;
  return { ...run, progress, ratePerSecond: hasRate ? progress.done / run.stepSeconds : null };
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

/** A workflow that has not started, has ended, or is between two tasks does not answer; the next look will see it. */
async function askOr<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
}
