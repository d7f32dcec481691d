import { availableParallelism } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import type { StudentConfig } from '../core/config/schema';
import { ensurePython } from '../setup/python';
import { openWorkspace, type Workspace } from '../store/workspace';
import { visibleCards } from '../student';
import { openTemporal } from '../temporal/open-temporal';
import { registerSearchAttributes } from '../temporal/search-attributes';
import { type OpenDependencies, openDependencies } from '../workers/dependencies';
import { installRuntime } from '../workers/runtime';
import { startWorkers } from '../workers/workers';

/** Everything that a working command holds open. */
export interface Session {
  readonly workspace: Workspace;
  readonly client: Client;
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
  readonly students: readonly StudentConfig[];
  readonly parallelRuns: number;
  /** Told in a few words what is being set up. */
  readonly onProgress: (message: string) => void;
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
    const python = await ensurePython({ onProgress: options.onProgress });
    options.onProgress('starting the Temporal server');
    const temporal = await openTemporal({
      workspace: workspace.root,
      pythonBinDirectory: python.binDirectory,
      onNotice: options.onProgress,
    });
    closers.push(() => temporal.close());
    const connection = await Connection.connect(temporal.connectionOptions);
    closers.push(() => connection.close());
    const client = new Client({ connection, namespace: temporal.namespace });
    const isSearchable = await registerSearchAttributes(connection, temporal.namespace);

    // Only now: an installed runtime keeps the process alive until its workers have ended.
    installRuntime(workspace);
    const studentSlots = slotsFor(options);
    const dependencies = await openDependencies({ workspace, client, python: python.python, studentSlots });
    closers.push(() => dependencies.close());
    options.onProgress('starting the student engines');
    // A single run mostly has one job at a time; a second engine costs seconds of a core and starts when it is needed.
    dependencies.students.warm(Math.min(studentSlots, options.students.length));
    const deployment = deploymentName();
    const workers = await startWorkers(dependencies, {
      connection: temporal.connectionOptions,
      namespace: temporal.namespace,
      deployment,
      queues: ['loop', 'teacher', 'student', 'steering'],
      studentSlots,
    });
    closers.push(() => workers.shutdown());
    let closing: Promise<void> | undefined;
    return {
      workspace,
      client,
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

/** Names the task queues, where several installations share a cluster. */
export const deploymentName = () => process.env.TUTELAGE_DEPLOYMENT ?? 'tutelage';

/** One engine for each card; without cards one for each run that works at the same time, as far as there are cores. */
function slotsFor({ students, parallelRuns }: SessionOptions): number {
  const cards = visibleCards().length;
  if (cards > 0) {
    return cards;
  }
  const threads = Math.max(1, ...students.map((student) => student.threads));
  return Math.max(1, Math.min(parallelRuns, Math.floor(availableParallelism() / threads)));
}
