import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { notesOf, storedSteering } from '../activities/steering';
import { loadRun } from '../analysis/load';
import { plural } from '../analysis/phrases';
import { messageOf, TutelageError } from '../core/errors';
import { queueName, type ServedQueue } from '../core/names';
import { clearRunFailure, readRunFailure } from '../store/failed-runs';
import { type Workspace, workspaceAt } from '../store/workspace';
import { openOwnWorkspace } from '../store/workspace-identity';
import type { experiment, run } from '../workflows';
import { firstSearchAttributes, summaryOf } from '../workflows/display';
import { steerSignal } from '../workflows/messages';
import { readConfigFile } from './config-file';
import { confirmHosts, requireKeys } from './credentials';
import { currentUser } from './current-user';
import { detach } from './detach';
import { diskNotice } from './disk-estimate';
import { refuseFullDisk } from './disk-space';
import { endProcess } from './end-process';
import { exitCodes } from './exit-codes';
import { followToEnd, waitsForAPerson } from './follow-to-end';
import { forkProgress } from './fork-progress';
import { type Interruption, interruption } from './interruption';
import { findLaunch, type Launch, storeLaunch } from './launch';
import { type Notifier, openNotifier } from './notify';
import { openInBrowser } from './open-in-browser';
import { type Output, openOutput } from './output';
import { shownPackageFile } from './package-files';
import { queuesWithoutWorkers } from './queues';
import { lockRun } from './run-lock';
import type { Session } from './session';
import type { Snapshot } from './snapshot';

export interface RunOptions {
  readonly set: readonly string[];
  readonly json: boolean;
  readonly new: boolean;
  readonly detach: boolean;
  /** Opens the report once all runs have ended. */
  readonly open: boolean;
  /** Serves the workspace's pages for as long as the runs work. */
  readonly ui: boolean;
  /** Agrees to hosts that are new to this workspace. */
  readonly yes: boolean;
  /** Task queues that this process serves; workers on other machines serve the others. */
  readonly queues: readonly ServedQueue[];
}

/** `tutelage run FILE`: starts the runs of a file, or resumes them, and follows them to their end. */
export async function runCommand(file: string, options: RunOptions): Promise<number> {
  if (options.ui && options.detach) {
    // The address lets in whoever has it, so it may not be left in the log of a process without a terminal.
    throw new TutelageError('usage', '--ui needs a terminal to tell its address', 'start `tutelage ui` beside the run');
  }
  const configFile = await readConfigFile(file, options.set);
  const workspace = await openOwnWorkspace();
  const launch = await findLaunch(workspace, configFile, options.new);
  if (options.detach && !(await isComplete(workspace, launch))) {
    await requireOwnKeys(workspace, launch, options);
    const command = process.argv.slice(1).filter((argument) => argument !== '--detach');
    return detach(workspace, { name: launch.name, command, json: options.json });
  }
  const ui = options.ui ? await openUi(workspace, options.json) : null;
  const exitCode = await followLaunch(workspace, launch, options).finally(() => ui?.close());
  const report = join(workspace.runDirectory(launch.name), 'report.html');
  if (options.open && (await isComplete(workspace, launch))) {
    await openInBrowser(report);
  }
  return exitCode;
}

/** Loaded only where it is wanted: figures take a second to load. */
async function openUi(workspace: Workspace, json: boolean) {
  const [{ serveUi }, { announceUi }] = await Promise.all([import('./ui/serve.js'), import('./ui.js')]);
  const ui = await serveUi(workspace, 0);
  announceUi(ui.url, json);
  return ui;
}

/** What is missing in the environment is said before anything starts. */
async function requireOwnKeys(
  workspace: Workspace,
  launch: Launch,
  options: Pick<RunOptions, 'queues' | 'yes'>,
): Promise<void> {
  notifierOf(launch);
  if (options.queues.includes('teacher')) {
    const configs = launch.plans.map(({ config }) => config);
    requireKeys(configs);
    await confirmHosts(workspace, configs, options);
  }
}

/** Starts or resumes the runs of a launch and follows them to their end. Whether they are complete, the workspace knows. */
export async function followLaunch(
  workspace: Workspace,
  launch: Launch,
  options: Pick<RunOptions, 'json' | 'queues' | 'yes'>,
): Promise<number> {
  const output = openOutput(options);
  if (await isComplete(workspace, launch)) {
    await output.complete(workspace, launch, { wasComplete: true });
    return exitCodes.done;
  }
  await requireOwnKeys(workspace, launch, options);
  const unlock = lockRun(workspace, launch.name);
  try {
    await refuseFullDisk(workspace);
    const notice = await diskNotice(launch.plans, workspace.root);
    if (notice !== null) {
      output.notice(notice);
    }
    // One engine for each run that works at the same time, as it was last set with `tutelage set`.
    const set = (await storedSteering(workspace, launch.name))?.parallelRuns ?? launch.parallelRuns;
    return await work({ ...launch, parallelRuns: set }, output, options.queues);
  } finally {
    output.close();
    unlock();
  }
}

async function work(launch: Launch, output: Output, queues: readonly ServedQueue[]): Promise<number> {
  const interrupt = interruption();
  const notifier = notifierOf(launch);
  try {
    const session = await openFor(launch, { output, interrupt, queues });
    try {
      // Not before the server was reached: a start that fails leaves no run behind.
      await storeLaunch(session.workspace, launch);
      await forgetFailures(session.workspace, launch, output);
      await startWorkflow(session, launch);
      output.launched(launch);
      for (const queue of await queuesWithoutWorkers(session)) {
        output.notice(
          `no worker serves ${queue} yet; start one with \`tutelage worker\` (see ${shownPackageFile('docs/several-machines.md')})`,
        );
      }
      const end = await followOrStop(session, launch, { output, interrupt, notifier });
      if (end !== 'interrupted') {
        return await conclude(session, launch, output, end);
      }
      output.stopping();
      await session.close();
      output.interrupted(launch);
      return exitCodes.interrupted;
    } catch (error) {
      notifier?.failed(launch.name, messageOf(error));
      // Report why the work ended, not what went wrong while closing.
      await session.close().catch(() => {});
      throw error;
    }
  } finally {
    await notifier?.close();
    interrupt.done();
  }
}

function notifierOf({ name, notifyUrlEnv }: Launch): Notifier | null {
  return notifyUrlEnv === undefined ? null : openNotifier({ workspace: workspaceAt(), name, urlEnv: notifyUrlEnv });
}

async function openFor(
  launch: Launch,
  { output, interrupt, queues }: { output: Output; interrupt: Interruption; queues: readonly ServedQueue[] },
): Promise<Session> {
  const opened = import('./session.js').then(({ startSession, enginesFor }) =>
    startSession({
      queues,
      engines: enginesFor(
        launch.plans.map(({ config }) => config.student),
        launch.parallelRuns,
      ),
      // A single run mostly has one job at a time. A second engine costs seconds of a core, so it starts when it is needed.
      warmEngines: queues.includes('student') ? launch.plans.length : 0,
      onProgress: (message) => output.setUp(message),
      onNotice: (message) => output.notice(message),
    }),
  );
  const session = await Promise.race([opened, interrupt.asked]);
  if (session === 'interrupted') {
    // No step has started that would need to finish; installers, engines and server end with this process.
    return endProcess(exitCodes.interrupted);
  }
  return session;
}

/** Follows the work until it ends or a signal comes. Nothing polls any more once this has returned. */
async function followOrStop(
  session: Session,
  launch: Launch,
  { output, interrupt, notifier }: { output: Output; interrupt: Interruption; notifier: Notifier | null },
): Promise<Snapshot | 'interrupted'> {
  const looking = new AbortController();
  const followed = followToEnd(session, launch, { output, notifier, signal: looking.signal });
  try {
    return await Promise.race([
      followed,
      interrupt.asked,
      session.workersEnded.then(() => {
        throw new TutelageError('transient', 'the workers ended unexpectedly', 'run the same command again to resume');
      }),
    ]);
  } finally {
    looking.abort();
    await followed.catch(() => {});
  }
}

/** Starts the workflow of that name, or finds it, and resumes it where it is paused or waiting. */
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
    const input = { experiment: launch.name, plans, runNames, parallelRuns, ...steered };
    await whenSearchable(() => client.workflow.start<typeof experiment>('experiment', { ...options, args: [input] }));
  } else {
    const progress = await forkProgress(workspace, launch.name);
    const begun = progress === null ? {} : { progress };
    const [plan] = launch.plans;
    if (plan === undefined) {
      throw new RangeError(`${launch.name} has no run`);
    }
    const input = { ...plan, ...steered, ...begun };
    await whenSearchable(() => client.workflow.start<typeof run>('run', { ...options, args: [input] }));
  }
  if (await isWaiting(workspace, launch)) {
    await client.workflow
      .getHandle(launch.name)
      .signal(steerSignal, { request: { verb: 'resume' }, who: currentUser() });
  }
}

/** Shown beside the name in Temporal's Web UI. */
function summaryOfLaunch({ name, plans, isExperiment }: Launch): string {
  const [plan] = plans;
  return isExperiment || plan === undefined ? `${name}: ${plural(plans.length, 'run')}` : summaryOf(plan);
}

/** A cluster takes some seconds to accept search attributes that any process has just created. */
async function whenSearchable(start: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + SEARCHABLE_MS_MAX;
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      const message = ((error as Error).cause as { details?: string } | undefined)?.details ?? '';
      if (!/search attribute/i.test(message) || Date.now() > deadline) {
        throw error;
      }
    }
    await delay(500);
  }
}

const SEARCHABLE_MS_MAX = 60_000;

/** Says why a run failed before, and forgets it: the run is tried again. */
async function forgetFailures(workspace: Workspace, { plans }: Launch, output: Output): Promise<void> {
  for (const { run } of plans) {
    const failure = await readRunFailure(workspace, run);
    if (failure !== null) {
      output.notice(`${run} failed at ${new Date(failure.atMs).toISOString()}: ${failure.reason}; trying again`);
      await clearRunFailure(workspace, run);
    }
  }
}

/** Whether anything was paused or waiting for a person when it last ran. */
async function isWaiting(workspace: Workspace, { name, plans }: Launch): Promise<boolean> {
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
  return ended.has('stopped') || ended.has('pending') ? exitCodes.stoppedBeforeGoal : exitCodes.done;
}

/** Read from the workspace, because the server forgets closed workflows. */
async function isComplete(workspace: Workspace, launch: Launch): Promise<boolean> {
  for (const { run } of launch.plans) {
    const record = await loadRun(workspace.root, run);
    if (record === null || record.state === 'running') {
      return false;
    }
  }
  return true;
}
