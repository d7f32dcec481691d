import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { StudentConfig } from '../core/config/schema';
import type { ServedQueue } from '../core/names';
import { ensurePython } from '../setup/python';
import { ensureVllmPython } from '../setup/vllm-python';
import { prepareArtifacts } from '../store/artifacts/prepare-artifacts';
import type { Workspace } from '../store/workspace';
import { openOwnWorkspace } from '../store/workspace-identity';
import { visibleGpus } from '../student';
import { connectClient } from '../temporal/connect';
import { namedCluster } from '../temporal/named-cluster';
import { openTemporal } from '../temporal/open-temporal';
import { registerSearchAttributes } from '../temporal/search-attributes';
import type { OpenDependencies } from '../workers/dependencies';

/** Everything that `run` and `worker` keep open. */
export interface Session {
  readonly workspace: Workspace;
  readonly client: Client;
  readonly queues: readonly ServedQueue[];
  readonly server: { readonly address: string; readonly namespace: string };
  readonly dependencies: OpenDependencies;
  readonly loopQueueDeployment: string;
  /** Whether the server knows our search attributes. */
  readonly isSearchable: boolean;
  /** Rejects when a worker fails; settles when all have ended. */
  readonly workersEnded: Promise<void>;
  /** Lets steps save what they have, then ends workers, engines and, as its last user, the server. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Task queues that this process serves. */
  readonly queues: readonly ServedQueue[];
  /** Engines that may run at the same time. */
  readonly engines: number;
  /** Engines to start before the first job. */
  readonly warmEngines: number;
  /** Settings of `tutelage worker` alone. */
  readonly worker?: { readonly metricsPort: number | null; readonly drainSeconds: number };
  /** Called with a few words on what is being set up. */
  readonly onProgress: (message: string) => void;
  /** Called when the server goes away or comes back; default: `onProgress`. */
  readonly onNotice?: (message: string) => void;
}

/** Opens, in this order: the Python environment, the server, the steps' dependencies, the workers. If one fails, the others are closed. */
export async function startSession(options: SessionOptions): Promise<Session> {
  const closers: (() => Promise<void>)[] = [];
  // One that fails to close must not keep the others open; the first failure is thrown after all were tried.
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
    // What this process and its children write into the workspace, its owner alone can read.
    const usualMask = process.umask(0o077);
    const workspace = await openOwnWorkspace();
    await prepareArtifacts(workspace, options.onProgress);
    const cluster = namedCluster();
    // The teacher queue alone needs no engine, but the embedded server's binary comes with the engine's environment.
    const needsPython = cluster === null || options.queues.some((queue) => queue !== 'teacher');
    // The environment is in a cache that several users may share.
    process.umask(usualMask);
    const python = needsPython ? await ensurePython({ onProgress: options.onProgress }) : null;
    process.umask(0o077);
    options.onProgress(cluster === null ? 'starting the Temporal server' : 'connecting to the Temporal server');
    const opening = openTemporal({
      workspace: workspace.root,
      ...(python === null ? {} : { pythonBinDirectory: python.binDirectory }),
      onNotice: options.onNotice ?? options.onProgress,
    });
    const loading = loadWorkers();
    const temporal = await opening;
    closers.push(() => temporal.close());
    const { openDependencies, installRuntime, startWorkers } = await loading;
    const connection = await connectClient(temporal.connectionOptions, { channelArgs });
    closers.push(() => connection.close());
    const { namespace, dataConverter } = temporal;
    const client = new Client({ connection, namespace, dataConverter });
    const isSearchable = await registerSearchAttributes(connection, temporal.namespace);

    // As late as possible: an installed runtime keeps the process alive until its workers have ended.
    installRuntime(workspace, options.worker?.metricsPort ?? null);
    const studentSlots = options.engines;
    const dependencies = await openDependencies({
      workspace,
      client,
      python: python?.python ?? null,
      vllmPython: () => ensureVllmPython({ onProgress: options.onProgress }),
      studentSlots,
    });
    closers.push(() => dependencies.close());
    if (options.warmEngines > 0) {
      options.onProgress('starting the student engines');
      dependencies.students.warm(Math.min(studentSlots, options.warmEngines));
    }
    const deployment = deploymentName();
    const workers = await startWorkers(dependencies, {
      connection: temporal.connectionOptions,
      namespace,
      dataConverter,
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

/** After this the server's process is starting, which takes about as long as loading. */
const LOAD_AFTER_MS = 100;

/** Loading the workers' modules blocks this process for half a second. */
async function loadWorkers() {
  await delay(LOAD_AFTER_MS);
  const { openDependencies } = await import('../workers/dependencies.js');
  const { installRuntime } = await import('../workers/runtime.js');
  const { startWorkers } = await import('../workers/workers.js');
  return { openDependencies, installRuntime, startWorkers };
}

/** Reconnects within seconds after a long outage; gRPC's default would wait up to two minutes. */
const channelArgs = { 'grpc.max_reconnect_backoff_ms': 5000 };

/** Prefix of the task queues, for installations that share a cluster. */
export const deploymentName = () => process.env.TUTELAGE_DEPLOYMENT ?? 'tutelage';

/** Which code a worker runs, where a cluster keeps old runs on old code; `null`: workers are not distinguished. */
export const buildId = () => process.env.TUTELAGE_BUILD_ID || null;

/** One engine for each GPU; without GPUs one for each run that works at the same time, as far as there are cores. */
export function enginesFor(students: readonly StudentConfig[], parallelRuns: number): number {
  const gpus = visibleGpus().length;
  if (gpus > 0) {
    return gpus;
  }
  const threads = Math.max(1, ...students.map((student) => student.threads));
  return Math.max(1, Math.min(parallelRuns, Math.floor(availableParallelism() / threads)));
}
