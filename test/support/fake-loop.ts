import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { Activities } from '../../src/activities';
import type { ArtifactKind, ArtifactRef } from '../../src/core/artifact-ref';
import { parseConfigFile } from '../../src/core/config';
import type { RunConfig } from '../../src/core/config/schema';
import { type QueueRole, queueName } from '../../src/core/names';
import { workflowBundlePath } from './paths';

/** The real workflows on a real server, with steps that do nothing: what is left is the engine's own doing. */
export interface FakeLoop {
  readonly loopQueue: string;
  /** Names of the steps in the order in which they started. */
  readonly started: string[];
  /** Replaces steps while the loop runs. */
  readonly steps: Partial<Activities>;
  /** The step that does nothing. */
  empty(step: string): (input: unknown) => Promise<unknown>;
  close(): Promise<void>;
}

export async function startFakeLoop(address: string, options: { maxCachedWorkflows?: number } = {}): Promise<FakeLoop> {
  const deployment = `fake-${randomUUID().slice(0, 8)}`;
  const started: string[] = [];
  const steps: Partial<Activities> = {};
  const connection = await NativeConnection.connect({ address });
  const activities = Object.fromEntries(
    Object.entries(emptySteps).map(([name, step]) => [
      name,
      (input: never) => {
        started.push(name);
        return ((steps as unknown as typeof emptySteps)[name] ?? step)(input);
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
    empty: (step) => emptySteps[step] as (input: unknown) => Promise<unknown>,
    close: async () => {
      for (const worker of workers) {
        worker.shutdown();
      }
      await ended;
      await connection.close();
    },
  };
}

export function fakeConfig(lines: string): RunConfig {
  const parsed = parseConfigFile({
    text: `name: fake\ntask: {kind: operator-chains}\n${lines}\n`,
    file: 'fake.yaml',
    sets: [],
  });
  if (!parsed.ok) {
    throw new Error(JSON.stringify(parsed.problems));
  }
  return (parsed.runs[0] as { config: RunConfig }).config;
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

const ref = (kind: ArtifactKind, rows = 1): ArtifactRef => ({ kind, sha256: '0'.repeat(64), bytes: 100, rows });
const tally = { correct: 1, wellFormed: 1, answered: 1, total: 1 };
const funnel = { asked: 1, answered: 1, parsed: 1, new: 1, clean: 1, verified: 1, accepted: 1 };
const model = { base: ref('model') };

const emptySteps = {
  readData: async () => ({ pool: ref('pool', 100), tests: {} }),
  prepare: async () => ({ pool: ref('pool', 100), tests: {}, ...{ base: model, baseRows: null } }),
  evaluate: async () => ({ answers: ref('evaluation'), overall: tally, strata: {} }),
  predict: async () => ref('predictions'),
  score: async () => ref('scores'),
  select: async () => ({ selection: ref('selection'), selectedBy: {} }),
  budgetMayBind: async () => false,
  generate: async () => ({ rows: ref('bought-rows'), refused: 0 }),
  collectRows: async ({ rowsWanted }: { rowsWanted: number }) => ({
    ...{ rows: ref('rows'), rejected: ref('rejected-rows'), accepted: rowsWanted, refused: 0, funnel },
  }),
  finetune: async () => model,
  archive: async () => ({ past: ref('iterations'), spentUsd: 0 }),
  changeBudget: async ({ samples }: { samples?: number }) => samples ?? null,
  noteSteering: async () => {},
  noteWaiting: async () => {},
  exportHistory: async () => {},
  loadPlan: async () => ({ plan: {}, isComplete: true, steering: null }),
} as unknown as Record<string, (input: never) => Promise<unknown>>;
