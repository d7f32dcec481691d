import { queueName, servedQueues } from '../core/names';
import type { Session } from './session';

/** The task queues of this deployment that no worker polls. The server notices a new worker at once and a lost one
 * after minutes. */
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

/** The protocol's number for activity task queues. */
const ACTIVITY = 2;
