import { access } from 'node:fs/promises';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities, createSteeringSteps } from '../activities';
import type { Dependencies } from '../activities/dependencies';
import { TutelageError } from '../core/errors';
import { type QueueRole, queueName } from '../core/names';
import { workerConnectionOptions } from '../temporal/connect';
import type { TemporalConnectionOptions } from '../temporal/named-cluster';
import { activityInterceptor } from './activity-interceptor';
import { workflowBundlePath } from './bundle';

export interface WorkersOptions {
  readonly connection: TemporalConnectionOptions;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly deployment: string;
  /** The build id, for clusters that keep old runs on old code; `null`: workers are interchangeable. */
  readonly build: string | null;
  readonly queues: readonly QueueRole[];
  /** Engine jobs at a time. */
  readonly studentSlots: number;
  readonly workflowBundle?: string;
  /** After this long, steps that have not stopped are abandoned: they are repeated elsewhere. */
  readonly drainSeconds?: number;
}

export interface Workers {
  /** Settles when all workers have ended; rejects when one failed. */
  readonly ended: Promise<void>;
  /** Stops taking work, gives running steps a bounded time to stop, and waits for them. */
  shutdown(): Promise<void>;
}

/**
 * Calls in flight may finish before a step is cancelled: an answer that arrives is an answer paid for once. A
 * finetune is cancelled at once instead, saves a checkpoint and resumes from there.
 */
const TEACHER_GRACE = '8 seconds';

const DRAIN_SECONDS = 60;

/** Teacher steps at a time; each has its own requests in flight, and the limiter of the endpoint bounds them all. */
const TEACHER_SLOTS = 16;

/** One worker per task queue that this process serves. */
export async function startWorkers(dependencies: Dependencies, options: WorkersOptions): Promise<Workers> {
  const bundle = await findBundle(options.workflowBundle);
  const connection = await NativeConnection.connect(workerConnectionOptions(options.connection));
  const activities = createActivities(dependencies);
  const byRole: Record<QueueRole, Partial<WorkerOptions>> = {
    loop: {
      workflowBundle: { codePath: bundle },
      activities: activities.loop,
      // A killed process leaves workflow tasks on its private queue; the next process should receive them soon.
      stickyQueueScheduleToStartTimeout: '2 seconds',
      // Steps are started through their queues, so that each queue's limits hold.
      maxEagerActivityReservationsPerWorkflowTask: 0,
    },
    teacher: {
      activities: activities.teacher,
      maxConcurrentActivityTaskExecutions: TEACHER_SLOTS,
      shutdownGraceTime: TEACHER_GRACE,
    },
    student: {
      activities: activities.student,
      maxConcurrentActivityTaskExecutions: options.studentSlots,
    },
    steering: { activities: activities.steering },
  };
  const workers: Worker[] = [];
  for (const role of options.queues) {
    workers.push(
      await Worker.create({
        connection,
        namespace: options.namespace,
        dataConverter: options.dataConverter,
        taskQueue: queueName(options.deployment, role),
        interceptors: { activity: [activityInterceptor(dependencies.workspace)] },
        // Cancellation arrives in a heartbeat's answer, so the throttle is the time a cancellation takes.
        maxHeartbeatThrottleInterval: '2 seconds',
        shutdownForceTime: `${options.drainSeconds ?? DRAIN_SECONDS} seconds`,
        ...versionOf(options),
        ...byRole[role],
      }),
    );
  }
  return together(workers, connection);
}

/**
 * Serves workflows for the moment of one command, where no other process does, and records what is changed. It
 * does none of their other steps, for which it may lack a key or an engine.
 */
export async function startWorkflowWorker(
  dependencies: Pick<Dependencies, 'ledger' | 'workspace'>,
  options: Pick<
    WorkersOptions,
    'connection' | 'namespace' | 'dataConverter' | 'deployment' | 'build' | 'workflowBundle'
  >,
): Promise<Workers> {
  const bundle = await findBundle(options.workflowBundle);
  const connection = await NativeConnection.connect(workerConnectionOptions(options.connection));
  const { namespace, dataConverter } = options;
  const shared = { connection, namespace, dataConverter, shutdownForceTime: '20 seconds', ...versionOf(options) };
  return together(
    [
      await Worker.create({
        ...shared,
        taskQueue: queueName(options.deployment, 'loop'),
        workflowBundle: { codePath: bundle },
      }),
      await Worker.create({
        ...shared,
        taskQueue: queueName(options.deployment, 'steering'),
        activities: createSteeringSteps(dependencies).steering,
        interceptors: { activity: [activityInterceptor(dependencies.workspace)] },
      }),
    ],
    connection,
  );
}

/**
 * With a build id, a run stays with the build that began it and its steps go to workers of that build; without one,
 * workers are interchangeable and recorded changes (`patched`) carry runs over an upgrade. See docs/versioning.md.
 */
function versionOf({ deployment, build }: Pick<WorkersOptions, 'deployment' | 'build'>): Partial<WorkerOptions> {
  if (build === null) {
    return {};
  }
  const version = { deploymentName: deployment, buildId: build };
  return { workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'PINNED' } };
}

async function findBundle(path = workflowBundlePath): Promise<string> {
  await access(path).catch((cause: unknown) => {
    throw new TutelageError('missing', `the workflows' bundle is not at ${path}`, 'run `npm run build`', { cause });
  });
  return path;
}

function together(workers: readonly Worker[], connection: NativeConnection): Workers {
  const ended = Promise.all(workers.map((worker) => worker.run())).then(() => connection.close());
  return {
    ended,
    shutdown: async () => {
      for (const worker of workers) {
        if (worker.getState() === 'RUNNING') {
          worker.shutdown();
        }
      }
      await ended;
    },
  };
}
