import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities';
import { siblingQueue } from '../core/names';

/**
 * One group of activities per retry class. Every activity heartbeats (src/workers/activity-interceptor.ts), so a dead worker is
 * noticed within the heartbeat timeout, whatever the step's own length; every activity may be repeated, because its
 * outputs are addressed by content, its calls by the ledger and its jobs by their specification. Every group has a
 * maximum of attempts: an oversized result, say, is retried by the SDK as if it were a passing fault.
 *
 * A proxy needs the task queue, which is known only inside a running workflow; hence a function.
 */
export function activityGroups() {
  const loopQueue = workflowInfo().taskQueue;

  /** Files and small sums. What fails here is a full disk or a bug; neither goes away by trying for long. */
  const light = proxyActivities<
    Pick<
      Activities,
      | 'loadPlan'
      | 'readData'
      | 'joinParts'
      | 'select'
      | 'budgetMayBind'
      | 'collectRows'
      | 'settleEvaluation'
      | 'archive'
      | 'exportHistory'
    >
  >({
    taskQueue: loopQueue,
    startToCloseTimeout: '30 minutes',
    heartbeatTimeout: '6 seconds',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '5 seconds', maximumAttempts: 20 },
  });

  /**
   * Rate limits and short outages are waited out inside the activity, which heartbeats. An attempt that ends is a dead
   * worker; answers bought before it are in the ledger and are not asked for again. The intervals stay short, because a
   * machine that dies for the tenth time should be back as soon as after the first.
   */
  const teacher = proxyActivities<
    Pick<
      Activities,
      'grade' | 'gradeAnswers' | 'generate' | 'submitBatch' | 'collectBatch' | 'releaseBatch' | 'cancelBatch'
    >
  >({
    taskQueue: siblingQueue(loopQueue, 'teacher'),
    startToCloseTimeout: '6 hours',
    heartbeatTimeout: '6 seconds',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '2 seconds', maximumAttempts: 1000 },
  });

  /** Looks whether a batch job has ended, and is tried until it has: endpoints give themselves a day. */
  const polling = proxyActivities<Pick<Activities, 'pollBatch'>>({
    taskQueue: siblingQueue(loopQueue, 'teacher'),
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '6 seconds',
    scheduleToCloseTimeout: '8 days',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });

  /**
   * Hours of work that resume from a checkpoint. No schedule-to-start timeout: waiting for a GPU is normal. Attempts
   * allow for many deploys and engine deaths in one long finetune.
   */
  const student = proxyActivities<
    Pick<
      Activities,
      | 'prepare'
      | 'checkRows'
      | 'predict'
      | 'score'
      | 'reward'
      | 'gradientSketch'
      | 'selectDiverse'
      | 'finetune'
      | 'evaluate'
      | 'diagnose'
    >
  >({
    taskQueue: siblingQueue(loopQueue, 'student'),
    startToCloseTimeout: '48 hours',
    heartbeatTimeout: '8 seconds',
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 200 },
  });

  /**
   * Files of a few lines and the caps of the ledger. They have a queue of their own, so that one command can serve it for
   * the moment where no process does the run's steps. (Local activities would need no queue; but two at once beside an
   * update did not replay.)
   */
  const steering = proxyActivities<Pick<Activities, 'changeBudget' | 'noteSteering' | 'noteWaiting'>>({
    taskQueue: siblingQueue(loopQueue, 'steering'),
    startToCloseTimeout: '1 minute',
    heartbeatTimeout: '6 seconds',
    retry: { initialInterval: '200 ms', backoffCoefficient: 2, maximumInterval: '20 seconds', maximumAttempts: 100 },
  });

  return { light, teacher, polling, student, steering };
}
