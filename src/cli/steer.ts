import {
  ApplicationFailure,
  Client,
  Connection,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { TutelageError } from '../core/errors';
import { inWords, type Steering, type SteeringRequest } from '../core/steering';
import { ensurePython } from '../setup/python';
import { openLedger } from '../store/ledger';
import { openWorkspace, type Workspace } from '../store/workspace';
import { openTemporal, type Temporal } from '../temporal/open-temporal';
import { steeringUpdates } from '../workflows/messages';
import { exitCodes } from './exit-codes';
import { isWorkedOn } from './run-lock';
import { buildId, deploymentName } from './session';
import { whoIsAsking } from './who-is-asking';
import { findWork, type NamedWork } from './workspace-names';

export interface SteerOptions {
  readonly json: boolean;
}

/** A worker that is there answers in a second; one that is busy replaying may need some. */
const ANSWER_MS_MAX = 30_000;

/**
 * `tutelage pause|resume|stop|budget|set NAME`: from any terminal, whether a process works on the run or not. Where none
 * does, this one answers for the workflow for the moment, which does none of the run's steps.
 */
export async function steerCommand(name: string, request: SteeringRequest, options: SteerOptions): Promise<number> {
  const workspace = await openWorkspace();
  const work = await findWork(workspace, name);
  const python = await ensurePython({ onProgress: () => {} });
  const temporal = await openTemporal({ workspace: workspace.root, pythonBinDirectory: python.binDirectory });
  try {
    const isAlone = !isWorkedOn(workspace, work.owner);
    const send = () => sendUpdate(temporal, work, request);
    const steering = isAlone ? await withWorkflowWorker(workspace, temporal, send) : await send();
    tell(work, { request, steering, isAlone, json: options.json });
    return exitCodes.done;
  } finally {
    await temporal.close();
  }
}

async function withWorkflowWorker<T>(workspace: Workspace, temporal: Temporal, work: () => Promise<T>): Promise<T> {
  // Half a second to load, which a request to a run that is worked on need not spend.
  const { installRuntime } = await import('../workers/runtime.js');
  const { startWorkflowWorker } = await import('../workers/workers.js');
  installRuntime(workspace);
  const ledger = await openLedger(workspace.ledger);
  try {
    const worker = await startWorkflowWorker(
      { ledger, workspace },
      {
        connection: temporal.connectionOptions,
        namespace: temporal.namespace,
        deployment: deploymentName(),
        build: buildId(),
      },
    );
    try {
      return await work();
    } finally {
      await worker.shutdown();
    }
  } finally {
    await ledger.close();
  }
}

async function sendUpdate(temporal: Temporal, work: NamedWork, request: SteeringRequest): Promise<Steering> {
  const connection = await Connection.connect(temporal.connectionOptions);
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    const handle = client.workflow.getHandle(work.name);
    await refuseUnlessOpen(handle, work);
    return await connection.withDeadline(Date.now() + ANSWER_MS_MAX, () =>
      handle.executeUpdate(steeringUpdates[request.verb], { args: [{ request, who: whoIsAsking() }] }),
    );
  } catch (error) {
    throw asRefusal(error, work, request);
  } finally {
    await connection.close();
  }
}

async function refuseUnlessOpen(
  handle: { describe(): Promise<{ status: { name: string } }> },
  { name, owner }: NamedWork,
): Promise<void> {
  const status = await handle.describe().then(
    (description) => description.status.name,
    (error: unknown) => {
      if (error instanceof WorkflowNotFoundError) {
        return 'NOT STARTED';
      }
      throw error;
    },
  );
  if (status === 'NOT STARTED') {
    throw new TutelageError(
      'usage',
      `${name} has not started`,
      owner === name ? 'start it with `tutelage run FILE`' : `\`${owner}\`, to which it belongs, can be steered`,
    );
  }
  if (status !== 'RUNNING') {
    throw new TutelageError('usage', `${name} has ended; nothing of it can be changed any more`);
  }
}

function asRefusal(error: unknown, { name }: NamedWork, request: SteeringRequest): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    const [message, hint] = (cause instanceof ApplicationFailure ? cause.message : error.message).split('\nhint: ');
    return new TutelageError('usage', message ?? error.message, hint, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new TutelageError('usage', `${name} has ended; nothing of it can be changed any more`);
  }
  const { code } = error as { code?: unknown };
  const isLate = code === 4 || (error as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError';
  return isLate
    ? new TutelageError(
        'transient',
        `no answer to ${inWords(request)} came within ${ANSWER_MS_MAX / 1000} s`,
        'look with `tutelage status`; the request may still be met',
      )
    : error;
}

function tell(
  { name, owner }: NamedWork,
  outcome: { request: SteeringRequest; steering: Steering; isAlone: boolean; json: boolean },
): void {
  const { request, steering, isAlone, json } = outcome;
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'steered', name, request: inWords(request), steering })}\n`);
    return;
  }
  const next = isAlone
    ? `no process works on ${owner} now: \`tutelage run FILE\` goes on with it`
    : `look at it with \`tutelage status ${name}\``;
  process.stderr.write(`${inSentence(name, request)}\nnext: ${next}\n`);
}

function inSentence(name: string, request: SteeringRequest): string {
  switch (request.verb) {
    case 'pause':
      return request.now
        ? `${name} is paused: a step under way saves what it has and goes on from there after \`resume\``
        : `${name} comes to rest at its next safe point: after the step, or the answers, under way`;
    case 'resume':
      return `${name} goes on`;
    case 'stop':
      return `${name} finishes its iteration, evaluates and ends`;
    default:
      return `${name}: ${inWords(request)} holds from now on`;
  }
}
