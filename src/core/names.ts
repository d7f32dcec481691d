/** Names that processes must agree on: task queues, workflow ids. */

export type QueueRole = 'loop' | 'teacher' | 'student' | 'steering';

/** What a process can be told to serve; who serves the loop answers for steering too. */
export const servedQueues = ['loop', 'teacher', 'student'] as const;
export type ServedQueue = (typeof servedQueues)[number];

/** One task queue for each scarce resource, so that a long finetune never waits behind a teacher call or the other way round. */
export function queueName(deployment: string, role: QueueRole): string {
  return `${deployment}-${role}`;
}

/** The other queues of the deployment that serves this loop queue; workflows know no other way to find them. */
export function siblingQueue(loopQueue: string, role: QueueRole): string {
  return queueName(loopQueue.slice(0, loopQueue.lastIndexOf('-')), role);
}

/** Child ids hang on the run's name: deduplication, reset and audit rely on them. */
export function iterationWorkflowId(run: string, iteration: number): string {
  return `${run}/iter-${iteration}`;
}

/**
 * By what workflows are found in Temporal's UI and by its `list`. A server that does not know them (a cluster whose
 * operator did not add them) is used without.
 */
export const searchAttributeTypes = {
  TutelageRun: 'KEYWORD',
  TutelageIteration: 'INT',
  TutelageStep: 'KEYWORD',
  TutelageState: 'KEYWORD',
  TutelageUsd: 'DOUBLE',
} as const;
