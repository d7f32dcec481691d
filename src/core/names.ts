/** Names that processes must agree on: task queues, workflow ids. */

export type QueueRole = 'loop' | 'teacher' | 'student' | 'steering';

/** What a process can serve; the one that serves the loop also handles steering. */
export const servedQueues = ['loop', 'teacher', 'student'] as const;
export type ServedQueue = (typeof servedQueues)[number];

/** One task queue for each scarce resource, so that neither a long finetune nor a teacher call waits for the other. */
export function queueName(deployment: string, role: QueueRole): string {
  return `${deployment}-${role}`;
}

/** The other queues of the deployment that serves this loop queue; workflows cannot find them any other way. */
export function siblingQueue(loopQueue: string, role: QueueRole): string {
  return queueName(loopQueue.slice(0, loopQueue.lastIndexOf('-')), role);
}

/** Child ids are derived from the run's name: deduplication, reset and audit rely on that. */
export function iterationWorkflowId(run: string, iteration: number): string {
  return `${run}/iter-${iteration}`;
}

/**
 * Search attributes for Temporal's UI and `list`. They are left out on a server that does not know them (a cluster whose
 * operator has not added them).
 */
export const searchAttributeTypes = {
  TutelageRun: 'KEYWORD',
  TutelageIteration: 'INT',
  TutelageStep: 'KEYWORD',
  TutelageState: 'KEYWORD',
  TutelageUsd: 'DOUBLE',
} as const;

/** The encoding of a payload that only holders of the key can read or make. */
export const ENCRYPTED_ENCODING = 'binary/encrypted';
