import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { decode } from '@temporalio/common/lib/internal-non-workflow';
import type { StepProgress } from '../activities/progress';
import { notesOf } from '../activities/steering';
import type { RunPlan } from '../core/config';
import { iterationWorkflowId } from '../core/names';
import { pausedReason } from '../core/steering';
import { type LedgerView, RECENT_MS } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import {
  type ExperimentStatus,
  experimentStatusQuery,
  type IterationStatus,
  iterationStatusQuery,
  type RunStatus,
  runStatusQuery,
  type Waiting,
} from '../workflows/messages';
import { failedAttemptsOf } from './failed-attempts';
import type { RunMemory } from './run-memory';
import type { RunSnapshot, Snapshot } from './snapshot';
import { changesOf, isoOrNull, projected, type Seen, storedSnapshot } from './stored-snapshot';
import { timeLeft } from './time-left';

export interface FollowOptions {
  /** `null`: there is no server to ask, so the workspace alone is read. */
  readonly client: Client | null;
  readonly workspace: Workspace;
  readonly ledger: LedgerView | null;
  /** The experiment, or the single run. */
  readonly name: string;
  readonly isExperiment: boolean;
  readonly plans: readonly RunPlan[];
  readonly startedMs: number;
  /** Complete runs that an earlier snapshot saw, by name: they no longer change, so only the others cost time. */
  readonly complete: Map<string, Seen>;
  /** Of whoever takes one snapshot after another. */
  readonly memory?: RunMemory;
}

/**
 * One snapshot of the work. Open runs are asked with a query each, and for the heartbeat details of their pending steps;
 * finished ones are read from the workspace; money is read from the ledger.
 */
export async function takeSnapshot(options: FollowOptions): Promise<Snapshot> {
  const { client, name, plans } = options;
  const experiment = await experimentStatus(options);
  const failed = new Map(experiment?.failed.map(({ run, reason }) => [run, reason]));
  const seen = await Promise.all(
    plans.map(async (plan) => {
      const first = await look(options, plan, failed.get(plan.run));
      // An iteration may be archived while we look. One that the record still does not have is told of next time, when its
      // rows and accuracy are there.
      const isRecordBehind = first.snapshot.iterationsDone > first.iterationsRecorded;
      const seen = isRecordBehind ? await look(options, plan, failed.get(plan.run)) : first;
      return { ...seen, snapshot: { ...seen.snapshot, iterationsDone: seen.iterationsRecorded } };
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

/** @param failed why the run has failed, where its experiment knows */
async function look(options: FollowOptions, plan: RunPlan, failed: string | undefined) {
  const { snapshot, teacher, recentSamples } = await storedOnce(options, plan);
  const iterationsRecorded = snapshot.iterationsDone;
  if (failed !== undefined) {
    const failure = { reason: failed, at: snapshot.failure?.at ?? new Date().toISOString() };
    return { snapshot: { ...snapshot, state: 'failed' as const, failure }, teacher, iterationsRecorded };
  }
  const isOver = snapshot.state === 'complete' || snapshot.state === 'stopped';
  const live = isOver ? snapshot : await openSnapshot(options, snapshot, { recentSamples, grows: growsWithRows(plan) });
  return { snapshot: live, teacher, iterationsRecorded };
}

/** Finetuning from the base takes all rows so far each time. */
const growsWithRows = ({ config }: RunPlan) => config.student.finetune.from === 'base';

async function storedOnce({ workspace, ledger, complete }: FollowOptions, plan: RunPlan): Promise<Seen> {
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
    failed: sum('failed'),
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
    waitingFor: paused === null ? null : pausedReason(name, paused),
    parallelRuns: status?.parallelRuns ?? steering?.parallelRuns ?? null,
    changes: steering === null ? [] : changesOf(steering),
  };
}

async function openSnapshot(
  { client, memory }: FollowOptions,
  stored: RunSnapshot,
  { recentSamples, grows }: { readonly recentSamples: number; readonly grows: boolean },
): Promise<RunSnapshot> {
  if (client === null) {
    return memory?.unanswered(stored) ?? stored;
  }
  const status = await runStatusOf(client, stored.run);
  if (status === 'absent') {
    return stored;
  }
  if (status === 'unanswered') {
    // What it waited for when it was last stored may be over. Only an experiment has runs that have not started.
    const isStarted = stored.state !== 'pending' && stored.state !== 'failed';
    const open = isStarted ? { ...stored, state: 'running' as const, waitingFor: null, waitingSince: null } : stored;
    return memory?.unanswered(open) ?? open;
  }
  const live = await liveSnapshot(client, { stored, status, grows });
  return memory?.see(live) ?? { ...live, ratePerSecond: rateAtOneLook(live, recentSamples) };
}

/** Without an earlier look: of rows that are bought the ledger knows when they came; other steps are taken as steady. */
function rateAtOneLook({ step, stepSeconds, progress }: RunSnapshot, recentSamples: number): number | null {
  if (progress === null || stepSeconds < 2) {
    return null;
  }
  return step === 'generate' ? recentSamples / Math.min(RECENT_MS / 1000, stepSeconds) : progress.done / stepSeconds;
}

/** `absent`: nobody has started it, or not since the server was made; `unanswered`: the server or its worker is too busy. */
async function runStatusOf(client: Client, run: string): Promise<RunStatus | 'absent' | 'unanswered'> {
  try {
    return await client.workflow.getHandle(run).query(runStatusQuery);
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? 'absent' : 'unanswered';
  }
}

async function liveSnapshot(
  client: Client,
  { stored, status, grows }: { readonly stored: RunSnapshot; readonly status: RunStatus; readonly grows: boolean },
): Promise<RunSnapshot> {
  const { iterations, iterationsDone, rowsPlanned, steering } = status;
  const running: RunSnapshot = {
    ...stored,
    ...{ state: openState(status), failure: null, iterations, rowsPlanned },
    ...{ step: status.step, iteration: iterationsDone, iterationsDone },
    ...waitingOf(status.waiting),
    stepSeconds: secondsSince(status.stepSinceMs),
    ...secondsLeft(status, grows),
    changes: changesOf(steering),
  };
  if (status.step !== 'iteration') {
    return { ...running, ...(await pendingSteps(client, stored.run)) };
  }
  const iteration = status.iterationsDone + 1;
  const child = iterationWorkflowId(stored.run, iteration);
  const inner = await askOr(null, () => client.workflow.getHandle(child).query(iterationStatusQuery));
  if (inner === null) {
    return { ...running, iteration };
  }
  const { progress, failedAttempts } = await pendingSteps(client, child);
  return {
    ...running,
    failedAttempts,
    state: openState({ steering, waiting: inner.waiting }),
    ...waitingOf(inner.waiting),
    iteration,
    step: inner.step,
    stepSeconds: secondsSince(inner.stepSinceMs),
    progress: inner.step === 'generate' ? rowsBought(stored, status, inner, progress) : progress,
    rowsAccepted: status.rowsAccepted + inner.rowsAccepted,
    projectedUsd: projected(stored.budget?.usd.spent ?? 0, stored.budget?.samples.spent ?? 0, rowsPlanned),
  };
}

/** Rows of the whole iteration, from the ledger: the steps under way speak of their own rows alone, and seldom. */
function rowsBought(
  { budget }: RunSnapshot,
  { rowsAccepted }: RunStatus,
  { rowsWanted }: IterationStatus,
  pending: StepProgress | null,
): StepProgress | null {
  if (budget === null) {
    return pending;
  }
  const done = Math.min(rowsWanted, Math.max(0, budget.samples.spent - rowsAccepted));
  const note = pending?.note === undefined ? {} : { note: pending.note };
  return { done, total: rowsWanted, unit: 'rows', ...note };
}

function openState({ steering, waiting }: Pick<RunStatus, 'steering' | 'waiting'>): RunSnapshot['state'] {
  if (waiting === null) {
    return 'running';
  }
  return steering.paused === null ? 'waiting' : 'paused';
}

const waitingOf = (waiting: Waiting | null) => ({
  waitingFor: waiting?.reason ?? null,
  waitingSince: isoOrNull(waiting?.sinceMs),
});

const secondsSince = (ms: number) => Math.max(0, (Date.now() - ms) / 1000);

function secondsLeft(
  { lastIterationMs, iterations, iterationsDone, step, stepSinceMs }: RunStatus,
  grows: boolean,
): Pick<RunSnapshot, 'secondsLeft' | 'secondsLeftMax'> {
  if (lastIterationMs === null || iterationsDone === 0 || iterationsDone >= iterations) {
    return { secondsLeft: null, secondsLeftMax: null };
  }
  const elapsedMs = step === 'iteration' ? 1000 * secondsSince(stepSinceMs) : 0;
  const { low, high } = timeLeft({ lastIterationMs, iterations, iterationsDone, elapsedMs, grows });
  return { secondsLeft: low, secondsLeftMax: high };
}

/**
 * What the pending steps of a workflow say. Their heartbeat details are added up: chunks of one round are one step for a
 * reader.
 */
async function pendingSteps(
  client: Client,
  workflowId: string,
): Promise<{ readonly progress: StepProgress | null } & Required<Pick<RunSnapshot, 'failedAttempts'>>> {
  const description = await askOr(null, () => client.workflow.getHandle(workflowId).describe());
  const payloads = (description?.raw.pendingActivities ?? [])
    .map((pending) => pending.heartbeatDetails?.payloads?.[0])
    .filter((payload) => payload != null);
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  const details = (await decode(payloadCodecs, payloads))
    .map((payload) => payloadConverter.fromPayload<StepProgress | undefined>(payload))
    .filter((progress) => progress != null);
  const failedAttempts = failedAttemptsOf(description);
  const [first] = details;
  if (first === undefined) {
    return { progress: null, failedAttempts };
  }
  const sum = (of: (progress: StepProgress) => number) => details.reduce((total, progress) => total + of(progress), 0);
  const note = details.find((progress) => progress.note !== undefined)?.note;
  const progress = {
    ...{ done: sum(({ done }) => done), total: sum(({ total }) => total), unit: first.unit },
    ...(note === undefined ? {} : { note }),
  };
  return { progress, failedAttempts };
}

/** A workflow that has not started, has ended, or is between two tasks does not answer; the next snapshot sees it. */
async function askOr<T>(otherwise: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
}
