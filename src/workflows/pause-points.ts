import { CancellationScope, condition } from '@temporalio/workflow';
import { pausedReason, type Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import type { Waiting } from './messages';

export interface PausePoints {
  /** What the workflow waits for now; the oldest wait where there are several. */
  waiting(): Waiting | null;
  /** To be called when the steering has changed: `pause --now` cancels the step that is running. */
  steeringChanged(): void;
  /** Returns at once, or when a pause has ended. */
  safePoint(): Promise<void>;
  /** Waits, visibly, until the condition holds: a person must do something. */
  waitForPerson(reason: string, until: () => boolean): Promise<void>;
  /** Does a step that `pause --now` may cut short; it then resumes from what it has saved. */
  interruptible<T>(work: () => Promise<T>): Promise<T>;
}

/** Where a run and its iterations pause and wait, and how that is shown. */
export function createPausePoints(options: {
  readonly run: string;
  readonly steering: () => Steering;
  readonly onWaiting: (waiting: Waiting | null) => void;
}): PausePoints {
  const { steering: steps } = activityGroups();
  const { run, steering } = options;
  const waits: Waiting[] = [];
  let running: CancellationScope | undefined;
  let cutShort = false;

  async function waitForPerson(reason: string, until: () => boolean): Promise<void> {
    if (until()) {
      return;
    }
    const wait: Waiting = { reason, sinceMs: Date.now() };
    waits.push(wait);
    await changed(1);
    try {
      await condition(until);
    } finally {
      waits.splice(waits.indexOf(wait), 1);
    }
    await changed(0);
  }

  /** When the first wait begins and when the last one ends, this is shown and kept in the workspace. */
  async function changed(length: number): Promise<void> {
    if (waits.length === length) {
      const [first] = waits;
      options.onWaiting(first ?? null);
      await steps.noteWaiting({
        name: run,
        waitingFor: first?.reason ?? null,
        sinceMs: first?.sinceMs ?? Date.now(),
      });
    }
  }

  async function safePoint(): Promise<void> {
    const { paused } = steering();
    if (paused !== null) {
      await waitForPerson(pausedReason(run, paused), () => steering().paused === null);
    }
  }

  async function interruptible<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      await safePoint();
      const scope = new CancellationScope();
      cutShort = false;
      running = scope;
      try {
        return await scope.run(work);
      } catch (error) {
        // Cancelled from above, the workflow itself is to end.
        if (!cutShort || CancellationScope.current().consideredCancelled) {
          throw error;
        }
      } finally {
        running = undefined;
      }
    }
  }

  return {
    waiting: () => waits[0] ?? null,
    steeringChanged: () => {
      if (steering().paused?.now && running !== undefined) {
        cutShort = true;
        running.cancel();
      }
    },
    safePoint,
    waitForPerson,
    interruptible,
  };
}
