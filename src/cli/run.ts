import { setTimeout as delay } from 'node:timers/promises';
import { notesOf, storedSteering } from '../activities/steering';
import { loadRun } from '../analysis/load';
import { TutelageError } from '../core/errors';
import { queueName, type ServedQueue } from '../core/names';
import { openWorkspace, type Workspace } from '../store/workspace';
import { firstSearchAttributes, summaryOf } from '../workflows/display';
import { steerSignal } from '../workflows/messages';
import { readConfigFile } from './config-file';
import { requireKeys } from './credentials';
import { exitCodes } from './exit-codes';
import { followToEnd, waitsForAPerson } from './follow-to-end';
import { forkProgress } from './fork-progress';
import { refuseFullDisk } from './full-disk';
import { type Interruption, interruption } from './interruption';
import { findLaunch, type Launch, storeLaunch } from './launch';
import { type Output, openOutput } from './output';
import { queuesWithoutWorkers } from './queues';
import { lockRun } from './run-lock';
import type { Session } from './session';
import type { Snapshot } from './snapshot';
import { whoIsAsking } from './who-is-asking';

export interface RunOptions {
  readonly set: readonly string[];
  readonly json: boolean;
  readonly new: boolean;
  /** What this process does itself; workers on other machines do the rest. */
  readonly queues: readonly ServedQueue[];
}

/** `tutelage run FILE`: starts what the file describes, or goes on with it, and follows it to its end. */
export async function runCommand(file: string, options: RunOptions): Promise<number> {
  const configFile = await readConfigFile(file, options.set);
  const workspace = await openWorkspace();
  const launch = await findLaunch(workspace, configFile, options.new);
  return followLaunch(workspace, launch, options);
}

/** Starts what a launch stands for, or goes on with it, and follows it to its end; complete is told from the workspace. */
export async function followLaunch(
  workspace: Workspace,
  launch: Launch,
  options: Pick<RunOptions, 'json' | 'queues'>,
): Promise<number> {
  const output = openOutput(options);
  if (await isComplete(workspace, launch)) {
    await output.complete(workspace, launch, { wasComplete: true });
    return exitCodes.done;
  }
  if (options.queues.includes('teacher')) {
    requireKeys(launch.plans.map(({ config }) => config));
  }
  const unlock = lockRun(workspace, launch.name);
  try {
    await refuseFullDisk(workspace);
    await storeLaunch(workspace, launch);
    // As many engines as runs work at a time: what was set while it ran counts when it goes on.
    const set = (await storedSteering(workspace, launch.name))?.parallelRuns ?? launch.parallelRuns;
    return await work({ ...launch, parallelRuns: set }, output, options.queues);
  } finally {
    output.close();
    unlock();
  }
}

async function work(launch: Launch, output: Output, queues: readonly ServedQueue[]): Promise<number> {
  const interrupt = interruption();
  try {
    const session = await openFor(launch, { output, interrupt, queues });
    try {
      await startWorkflow(session, launch);
      output.launched(launch);
      for (const queue of await queuesWithoutWorkers(session)) {
        output.notice(
          `nobody serves ${queue} yet: \`tutelage worker\` on another machine does (see docs/several-machines.md)`,
        );
      }
      const end = await followOrStop(session, launch, { output, interrupt });
      if (end !== 'interrupted') {
        return await conclude(session, launch, output, end);
      }
      output.stopping();
      await session.close();
      output.interrupted(launch);
      return exitCodes.interrupted;
    } catch (error) {
      // The reason why the work ended is told, not what closing met on the way.
      await session.close().catch(() => {});
      throw error;
    }
  } finally {
    interrupt.done();
  }
}

async function openFor(
  launch: Launch,
  { output, interrupt, queues }: { output: Output; interrupt: Interruption; queues: readonly ServedQueue[] },
): Promise<Session> {
  const opened = import('./session.js').then(({ openSession, enginesFor }) =>
    openSession({
      queues,
      engines: enginesFor(
        launch.plans.map(({ config }) => config.student),
        launch.parallelRuns,
      ),
      // A single run mostly has one job at a time; a second engine costs seconds of a core and starts when it is needed.
      warmEngines: queues.includes('student') ? launch.plans.length : 0,
      onProgress: (message) => output.setUp(message),
      onNotice: (message) => output.notice(message),
    }),
  );
  const session = await Promise.race([opened, interrupt.asked]);
  if (session === 'interrupted') {
    // Nothing is at work yet that would need to come to rest; installers, engines and server end with this process.
    process.exit(exitCodes.interrupted);
  }
  return session;
}

/** Follows the work until it ends or a signal comes; when this returns, nobody looks any more. */
async function followOrStop(
  session: Session,
  launch: Launch,
  { output, interrupt }: { output: Output; interrupt: Interruption },
): Promise<Snapshot | 'interrupted'> {
  const looking = new AbortController();
  const followed = followToEnd(session, launch, { output, signal: looking.signal });
  try {
    return await Promise.race([
      followed,
      interrupt.asked,
      session.workersEnded.then(() => {
        throw new TutelageError('transient', 'the workers ended unexpectedly', 'give the same command again');
      }),
    ]);
  } finally {
    looking.abort();
    await followed.catch(() => {});
  }
}

/** Starts the workflow of that name, or finds it; what it waits for is told to go on. */
async function startWorkflow(session: Session, launch: Launch): Promise<void> {
  const { client, dependencies, loopQueueDeployment, workspace } = session;
  const steering = await storedSteering(workspace, launch.name);
  const steered = steering === null ? {} : { steering };
  const options = {
    taskQueue: queueName(loopQueueDeployment, 'loop'),
    workflowId: launch.name,
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    staticSummary: summaryOfLaunch(launch),
    ...(session.isSearchable ? { typedSearchAttributes: firstSearchAttributes(launch.name) } : {}),
  };
  if (launch.isExperiment) {
    const plans = await dependencies.store.putRecords('plans', launch.plans);
    const runNames = launch.plans.map(({ run }) => run);
    const { parallelRuns } = launch;
    const args: [object] = [{ experiment: launch.name, plans, runNames, parallelRuns, ...steered }];
    await whenSearchable(() => client.workflow.start('experiment', { ...options, args }));
  } else {
    const progress = await forkProgress(workspace, launch.name);
    const begun = progress === null ? {} : { progress };
    const args: [object] = [{ ...launch.plans[0], ...steered, ...begun }];
    await whenSearchable(() => client.workflow.start('run', { ...options, args }));
  }
  if (await someoneWaits(workspace, launch)) {
    await client.workflow
      .getHandle(launch.name)
      .signal(steerSignal, { request: { verb: 'resume' }, who: whoIsAsking() });
  }
}

/** Beside the name in Temporal's own UI. */
function summaryOfLaunch({ name, plans, isExperiment }: Launch): string {
  const [plan] = plans;
  return isExperiment || plan === undefined ? `${name}: ${plans.length} runs` : summaryOf(plan);
}

/** A cluster takes some seconds to know search attributes that have just been made, in whichever process that was. */
async function whenSearchable(start: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + SEARCHABLE_MS_MAX;
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      const said = ((error as Error).cause as { details?: string } | undefined)?.details ?? '';
      if (!/search attribute/i.test(said) || Date.now() > deadline) {
        throw error;
      }
    }
    await delay(500);
  }
}

const SEARCHABLE_MS_MAX = 60_000;

/** Something was paused, or waited for a person, when it was last worked on. */
async function someoneWaits(workspace: Workspace, { name, plans }: Launch): Promise<boolean> {
  for (const work of new Set([name, ...plans.map(({ run }) => run)])) {
    const { paused, waiting } = await notesOf(workspace, work);
    if (paused || waiting !== null) {
      return true;
    }
  }
  return false;
}

async function conclude(session: Session, launch: Launch, output: Output, last: Snapshot): Promise<number> {
  if (!waitsForAPerson(last)) {
    const name = launch.isExperiment ? 'experiment' : 'run';
    const { exportHistory } = await import('../activities/export-history.js');
    await exportHistory(session, { workflowId: launch.name, owner: launch.name, name });
  }
  await session.close();
  if (waitsForAPerson(last)) {
    output.paused(launch, last);
    return exitCodes.stoppedBeforeGoal;
  }
  await output.complete(session.workspace, launch, { wasComplete: false });
  const ended = new Set(last.runs.map(({ state }) => state));
  if (ended.has('failed')) {
    return exitCodes.failed;
  }
  return ended.has('stopped') || ended.has('waiting') ? exitCodes.stoppedBeforeGoal : exitCodes.done;
}

/** That a run is complete is known from the workspace; the server forgets. */
async function isComplete(workspace: Workspace, launch: Launch): Promise<boolean> {
  for (const { run } of launch.plans) {
    const record = await loadRun(workspace.root, run);
    if (record === null || record.state === 'running') {
      return false;
    }
  }
  return true;
}
