import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { type QueueRole, queueName } from '../../src/core/names';
import { emptySteps, type FakeSteps } from './empty-steps';
import { workflowBundlePath } from './paths';

/** The real workflows on a real server, with steps that do nothing: what is left is the engine's own doing. */
export interface FakeLoop {
  readonly loopQueue: string;
  /** Names of the steps in the order in which they started. */
  readonly started: string[];
  /** Replace the steps that do nothing, also while the loop runs. */
  readonly steps: FakeSteps;
  close(): Promise<void>;
}

type Step = (input: never) => Promise<unknown>;

export async function startFakeLoop(address: string, options: { maxCachedWorkflows?: number } = {}): Promise<FakeLoop> {
  const deployment = `fake-${randomUUID().slice(0, 8)}`;
  const started: string[] = [];
  const steps: FakeSteps = {};
  const connection = await NativeConnection.connect({ address });
  const activities = Object.fromEntries(
    [...Object.keys(emptySteps), 'loadPlan'].map((name) => [
      name,
      (input: never) => {
        started.push(name);
        return ({ ...emptySteps, ...steps } as unknown as Record<string, Step>)[name]?.(input);
      },
    ]),
  );
  const workers = await Promise.all(
    (['loop', 'teacher', 'student', 'steering'] as QueueRole[]).map((role) =>
      Worker.create({
        connection,
        taskQueue: queueName(deployment, role),
        activities,
        ...(role === 'loop' ? { workflowBundle: { codePath: workflowBundlePath } } : {}),
        maxHeartbeatThrottleInterval: '200 ms',
        ...options,
      }),
    ),
  );
  const ended = Promise.all(workers.map((worker) => worker.run()));
  return {
    loopQueue: queueName(deployment, 'loop'),
    started,
    steps,
    close: async () => {
      for (const worker of workers) {
        worker.shutdown();
      }
      await ended;
      await connection.close();
    },
  };
}

/** Events and bytes of a workflow's history, this execution and those it continued as. */
export async function historySizes(client: Client, workflowId: string): Promise<{ events: number; bytes: number }[]> {
  const sizes: { events: number; bytes: number }[] = [];
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` })) {
    const { raw } = await client.workflow.getHandle(workflowId, runId).describe();
    const info = raw.workflowExecutionInfo;
    sizes.push({ events: Number(info?.historyLength), bytes: Number(info?.historySizeBytes) });
  }
  return sizes;
}
