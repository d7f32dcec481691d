import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { StudentConfig } from '../core/config/schema';
import type { ServedQueue } from '../core/names';
import { ensurePython } from '../setup/python';
import { prepareArtifacts } from '../store/artifacts/prepare-artifacts';
import { openWorkspace, type Workspace } from '../store/workspace';
import { visibleCards } from '../student';
import { namedCluster } from '../temporal/named-cluster';
import { openTemporal } from '../temporal/open-temporal';
import { registerSearchAttributes } from '../temporal/search-attributes';
import type { OpenDependencies } from '../workers/dependencies';

/** Everything that a working command holds open. */
export interface Session {
  readonly workspace: Workspace;
  readonly client: Client;
  readonly queues: readonly ServedQueue[];
  readonly server: { readonly address: string; readonly namespace: string };
  readonly dependencies: OpenDependencies;
  readonly loopQueueDeployment: string;
  /** The server knows our search attributes. */
  readonly isSearchable: boolean;
  /** Rejects when a worker fails; settles when all have ended. */
  readonly workersEnded: Promise<void>;
  /** Brings steps to rest (checkpoints, answers in flight), then ends workers, engines and, as its last user, the server. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** What this process does; the rest is left to other machines. */
  readonly queues: readonly ServedQueue[];
  /** Engines that may work at the same time. */
  readonly engines: number;
  /** Engines that are started ahead of the first job. */
  readonly warmEngines: number;
  /** A worker's own settings. */
  readonly worker?: { readonly metricsPort: number | null; readonly drainSeconds: number };
  /** Told in a few words what is being set up. */
  readonly onProgress: (message: string) => void;
  /** Told what becomes of the server while it is worked with; where it is left out, `onProgress` is. */
  readonly onNotice?: (message: string) => void;
}

/** Opens, in this order: the Python environment, the server, the steps' dependencies, the workers. A failure closes what was opened. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const closers: (() => Promise<void>)[] = [];
  // What fails to close must not keep what comes after it open; the first failure is told when all has been tried.
  const closeAll = async () => {
    const failures: unknown[] = [];
    for (const close of closers.splice(0).reverse()) {
      await close().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) {
      throw failures[0];
    }
  };
  try {
    const workspace = await openWorkspace();
    await prepareArtifacts(workspace, options.onProgress);
    const cluster = namedCluster();
    // Buying alone needs no engine; but the embedded server comes with the engine's environment.
    const needsPython = cluster === null || options.queues.some((queue) => queue !== 'teacher');
    const python = needsPython ? await ensurePython({ onProgress: options.onProgress }) : null;
    options.onProgress(cluster === null ? 'starting the Temporal server' : 'reaching the Temporal server');
    const opening = openTemporal({
      workspace: workspace.root,
      ...(python === null ? {} : { pythonBinDirectory: python.binDirectory }),
      onNotice: options.onNotice ?? options.onProgress,
    });
    const loading = loadWorkers();
    const temporal = await opening;
    closers.push(() => temporal.close());
    const { openDependencies, installRuntime, startWorkers } = await loading;
    const connection = await Connection.connect({ ...temporal.connectionOptions, channelArgs });
    closers.push(() => connection.close());
    const client = new Client({ connection, namespace: temporal.namespace });
    const isSearchable = await registerSearchAttributes(connection, temporal.namespace);

    // Only now: an installed runtime keeps the process alive until its workers have ended.
    installRuntime(workspace, options.worker?.metricsPort ?? null);
    const studentSlots = options.engines;
    const dependencies = await openDependencies({ workspace, client, python: python?.python ?? null, studentSlots });
    closers.push(() => dependencies.close());
    if (options.warmEngines > 0) {
      options.onProgress('starting the student engines');
      dependencies.students.warm(Math.min(studentSlots, options.warmEngines));
    }
    const deployment = deploymentName();
    const workers = await startWorkers(dependencies, {
      connection: temporal.connectionOptions,
      namespace: temporal.namespace,
      deployment,
      build: buildId(),
      queues: options.queues.flatMap((queue) => (queue === 'loop' ? [queue, 'steering' as const] : [queue])),
      studentSlots,
      ...(options.worker === undefined ? {} : { drainSeconds: options.worker.drainSeconds }),
    });
    closers.push(() => workers.shutdown());
    let closing: Promise<void> | undefined;
    return {
      workspace,
      client,
      queues: options.queues,
      server: { address: temporal.address, namespace: temporal.namespace },
      dependencies,
      loopQueueDeployment: deployment,
      isSearchable,
      workersEnded: workers.ended,
      close: () => {
        closing ??= closeAll();
        return closing;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** By then the server's process is on its way, and takes about as long as loading does. */
const LOAD_AFTER_MS = 100;

/** What workers are made of takes half a second to load, during which nothing else happens in this process. */
async function loadWorkers() {
  await delay(LOAD_AFTER_MS);
  const { openDependencies } = await import('../workers/dependencies.js');
  const { installRuntime } = await import('../workers/runtime.js');
  const { startWorkers } = await import('../workers/workers.js');
  return { openDependencies, installRuntime, startWorkers };
}

/** A server that was away for long is found within seconds when it is back; gRPC itself would wait for up to two minutes. */
const channelArgs = { 'grpc.max_reconnect_backoff_ms': 5000 };

/** Names the task queues, where several installations share a cluster. */
export const deploymentName = () => process.env.TUTELAGE_DEPLOYMENT ?? 'tutelage';

/** Which code a worker runs, where a cluster keeps old runs on old code; without it workers are not told apart. */
export const buildId = () => process.env.TUTELAGE_BUILD_ID || null;

/** One engine for each card; without cards one for each run that works at the same time, as far as there are cores. */
export function enginesFor(students: readonly StudentConfig[], parallelRuns: number): number {
  const cards = visibleCards().length;
  if (cards > 0) {
    return cards;
  }
  const threads = Math.max(1, ...students.map((student) => student.threads));
  return Math.max(1, Math.min(parallelRuns, Math.floor(availableParallelism() / threads)));
}
