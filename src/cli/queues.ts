import { InvalidArgumentError } from 'commander';
import { queueName, type ServedQueue, servedQueues } from '../core/names';
import type { Session } from './session';

/** `loop,student` as it is typed. */
export function parseQueues(text: string): readonly ServedQueue[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isQueue(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`expected some of ${servedQueues.join(', ')}, got ${JSON.stringify(unknown)}`);
  }
  return servedQueues.filter((queue) => names.includes(queue));
}

/** The queues of this deployment that no worker polls; the server notices a new one at once and a lost one in minutes. */
export async function queuesWithoutWorkers(session: Session): Promise<string[]> {
  const { client, server, loopQueueDeployment, queues } = session;
  const others = servedQueues.filter((queue) => !queues.includes(queue));
  const names = others.map((queue) => queueName(loopQueueDeployment, queue));
  const polled = await Promise.all(
    names.map(async (name) => {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: server.namespace,
        taskQueue: { name },
        taskQueueType: ACTIVITY,
      });
      return (pollers ?? []).length > 0;
    }),
  );
  return names.filter((_, index) => !polled[index]);
}

/** As the wire has it. */
const ACTIVITY = 2;

const isQueue = (name: string): name is ServedQueue => (servedQueues as readonly string[]).includes(name);
