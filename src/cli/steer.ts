import { ApplicationFailure, Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { TutelageError } from '../core/errors';
import { inWords, type Steering, type SteeringRequest } from '../core/steering';
import { knownLedger } from '../store/known-ledger';
import { openLedger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import { openOwnWorkspace } from '../store/workspace-identity';
import { connectClient } from '../temporal/connect';
import type { Temporal } from '../temporal/open-temporal';
import { steeringUpdates } from '../workflows/messages';
import { currentUser } from './current-user';
import { exitCodes } from './exit-codes';
import { openServer } from './open-server';
import { isRunning } from './run-lock';
import { buildId, deploymentName } from './session';
import { findWork, type NamedWork } from './workspace-names';

export interface SteerOptions {
  readonly json: boolean;
}

/** A worker answers within a second, or takes longer while it replays histories. */
const ANSWER_MS_MAX = 30_000;

/**
 * `tutelage pause|resume|stop|budget|set NAME`: from any terminal, whether the run is running or not. If it is not, this
 * process serves its workflow just long enough to apply the request; it executes none of the run's steps.
 */
export async function steerCommand(name: string, request: SteeringRequest, options: SteerOptions): Promise<number> {
  const workspace = await openOwnWorkspace();
  const work = await findWork(workspace, name);
  const temporal = await openServer(workspace);
  try {
    const isAlone = !isRunning(workspace, work.owner);
    const send = () => sendUpdate(temporal, work, request);
    const steering = isAlone ? await withWorkflowWorker(workspace, temporal, send) : await send();
    report(work, { request, steering, isAlone, json: options.json });
    return exitCodes.done;
  } finally {
    await temporal.close();
  }
}

async function withWorkflowWorker<T>(workspace: Workspace, temporal: Temporal, work: () => Promise<T>): Promise<T> {
  // Takes half a second to load, which a request to a running run does not need.
  const { installRuntime } = await import('../workers/runtime.js');
  const { startWorkflowWorker } = await import('../workers/workers.js');
  installRuntime(workspace);
  const ledger = await openLedger(workspace.ledger, await knownLedger(workspace));
  try {
    const worker = await startWorkflowWorker(
      { ledger, workspace },
      {
        connection: temporal.connectionOptions,
        namespace: temporal.namespace,
        dataConverter: temporal.dataConverter,
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
  const connection = await connectClient(temporal.connectionOptions);
  try {
    const { namespace, dataConverter } = temporal;
    const client = new Client({ connection, namespace, dataConverter });
    const handle = client.workflow.getHandle(work.name);
    await refuseUnlessOpen(handle, work);
    return await connection.withDeadline(Date.now() + ANSWER_MS_MAX, () =>
      handle.executeUpdate(steeringUpdates[request.verb], { args: [{ request, who: currentUser() }] }),
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
      owner === name ? 'start it with `tutelage run FILE`' : `it belongs to ${owner}, which you can steer instead`,
    );
  }
  if (status !== 'RUNNING') {
    throw new TutelageError('usage', `${name} has already ended and can no longer be changed`);
  }
}

function asRefusal(error: unknown, { name }: NamedWork, request: SteeringRequest): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    const [message, hint] = (cause instanceof ApplicationFailure ? cause.message : error.message).split('\nhint: ');
    return new TutelageError('usage', message ?? error.message, hint, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new TutelageError('usage', `${name} has already ended and can no longer be changed`);
  }
  const { code } = error as { code?: unknown };
  const isLate = code === 4 || (error as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError';
  return isLate
    ? new TutelageError(
        'transient',
        `no answer to ${inWords(request)} within ${ANSWER_MS_MAX / 1000} s`,
        'check with `tutelage status`; the request may still be applied',
      )
    : error;
}

function report(
  { name, owner }: NamedWork,
  outcome: { request: SteeringRequest; steering: Steering; isAlone: boolean; json: boolean },
): void {
  const { request, steering, isAlone, json } = outcome;
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'steered', name, request: inWords(request), steering })}\n`);
    return;
  }
  const next = isAlone ? `${owner} is not running; resume it with \`tutelage run FILE\`` : `tutelage status ${name}`;
  process.stderr.write(`${inSentence(name, request)}\nnext: ${next}\n`);
}

function inSentence(name: string, request: SteeringRequest): string {
  switch (request.verb) {
    case 'pause':
      return request.now
        ? `${name} is paused; the current step saves what it has and continues from there after \`resume\``
        : `${name} pauses at its next safe point: after the current step, or the answers in flight`;
    case 'resume':
      return `${name} is resumed`;
    case 'stop':
      return `${name} finishes and evaluates its current iteration, then ends`;
    default:
      return `${name}: ${inWords(request)} applies from now on`;
  }
}
