import { TutelageError } from '../core/errors';
import { queueName, type ServedQueue } from '../core/names';
import { listenOnce } from '../processes/free-port';
import { isPostgres } from '../store/ledger/location';
import { addressOf, describeAddress } from '../store/ledger/postgres/address';
import { openWorkerEndpoint } from '../workers/worker-endpoint';
import { exitCodes } from './exit-codes';
import { interruption } from './interruption';
import type { WorkerEvent } from './json-events';
import { buildId, enginesFor, type Session, startSession } from './session';

export interface WorkerOptions {
  readonly queues: readonly ServedQueue[];
  readonly engines?: number;
  readonly drainSeconds: number;
  readonly listen?: { readonly host: string; readonly port: number };
  readonly json: boolean;
}

/**
 * `tutelage worker`: executes steps from the task queues it serves until a signal comes. Then it takes no more, gives the
 * steps in progress a bounded time (a finetune saves a checkpoint, answers in flight arrive) and exits with 0. The next
 * worker of the queue finishes the rest.
 */
export async function workerCommand(options: WorkerOptions): Promise<number> {
  const interrupt = interruption();
  try {
    const metricsPort = options.listen === undefined ? null : await listenOnce(0);
    const session = await startSession({
      queues: options.queues,
      engines: options.queues.includes('student') ? (options.engines ?? enginesFor([], 1)) : 1,
      warmEngines: 0,
      onProgress: (message) => process.stderr.write(`setting up: ${message}\n`),
      worker: { metricsPort, drainSeconds: options.drainSeconds },
    });
    try {
      return await serve(session, { ...options, metricsPort, interrupted: interrupt.asked });
    } finally {
      await session.close();
    }
  } finally {
    interrupt.done();
  }
}

interface Serving extends WorkerOptions {
  readonly metricsPort: number | null;
  readonly interrupted: Promise<'interrupted'>;
}

async function serve(session: Session, options: Serving): Promise<number> {
  const about = aboutWorker(session);
  let state: 'serving' | 'draining' = 'serving';
  const { ledger } = session.dependencies;
  const endpoint =
    options.listen === undefined || options.metricsPort === null
      ? null
      : await openWorkerEndpoint(options.listen, {
          ledger,
          metricsPort: options.metricsPort,
          health: () => ({ state, ...about }),
        });
  const tell = (event: WorkerEvent, text: string) => {
    process.stderr.write(`${text}\n`);
    if (options.json) {
      process.stdout.write(`${JSON.stringify(event)}\n`);
    }
  };
  try {
    const url = endpoint?.url ?? null;
    const queuesText = `${about.taskQueues.join(', ')} of ${about.server} (namespace ${about.namespace})`;
    const extras = [
      `ledger ${about.ledger}; artifacts ${about.artifacts}`,
      about.build && `build ${about.build}`,
      url && `${url}/health and ${url}/metrics`,
    ];
    tell({ event: 'serving', ...about, url }, [`serving ${queuesText}`, ...extras.filter(Boolean)].join('; '));
    await Promise.race([
      options.interrupted,
      session.workersEnded.then(() => {
        throw new TutelageError('transient', 'the worker ended unexpectedly', 'start it again with the same command');
      }),
    ]);
    state = 'draining';
    const { drainSeconds } = options;
    tell(
      { event: 'draining', drainSeconds },
      `draining: steps in progress have ${drainSeconds} s to finish; another signal ends at once`,
    );
    await session.close();
    tell({ event: 'drained' }, 'drained: the next worker of the queue finishes the rest');
    return exitCodes.done;
  } finally {
    await endpoint?.close();
  }
}

/** Workers of one deployment must use the same services, so each reports its own. */
function aboutWorker({ server, loopQueueDeployment, queues, workspace }: Session) {
  return {
    ledger: isPostgres(workspace.ledger) ? describeAddress(addressOf(workspace.ledger)) : workspace.ledger,
    artifacts: process.env.TUTELAGE_ARTIFACTS || workspace.artifacts,
    taskQueues: queues.map((queue) => queueName(loopQueueDeployment, queue)),
    server: server.address,
    namespace: server.namespace,
    build: buildId(),
    pid: process.pid,
    startedMs: Date.now(),
  };
}
