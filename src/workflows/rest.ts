import { CancellationScope, condition } from '@temporalio/workflow';
import type { Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import type { Waiting } from './messages';

export interface Rest {
  /** What is waited for now; the oldest where there are several. */
  waiting(): Waiting | null;
  /** To be called when the steering has changed: `pause --now` cancels the step that is running. */
  steeringChanged(): void;
  /** Returns at once, or when a pause has ended. */
  safePoint(): Promise<void>;
  /** Until the condition holds, and visibly so: a person must do something. */
  waitForPerson(reason: string, until: () => boolean): Promise<void>;
  /** A step that `pause --now` may cut short and that then goes on from what it has saved. */
  interruptible<T>(work: () => Promise<T>): Promise<T>;
}

/** Where a run and its iterations come to rest, and how that is seen. */
export function createRest(options: {
  readonly run: string;
  readonly steering: () => Steering;
  readonly onWaiting: (waiting: Waiting | null) => void;
}): Rest {
  const { steering: desk } = activityGroups();
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

  /** The first wait to begin and the last to end are told and kept in the workspace. */
  async function changed(length: number): Promise<void> {
    if (waits.length === length) {
      const [first] = waits;
      options.onWaiting(first ?? null);
      await desk.noteWaiting({
        name: run,
        waitingFor: first?.reason ?? null,
        sinceMs: first?.sinceMs ?? Date.now(),
      });
    }
  }

  async function safePoint(): Promise<void> {
    const { paused } = steering();
    if (paused !== null) {
      const reason = `paused by ${paused.who}; \`tutelage resume ${run}\` goes on`;
      await waitForPerson(reason, () => steering().paused === null);
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

/** What a run waits for that pauses at a cap. */
export const budgetReason = (run: string) =>
  `a cap of the budget is reached; \`tutelage budget ${run} --usd, --tokens or --samples N\` raises it, \`tutelage stop ${run}\` ends the run`;
