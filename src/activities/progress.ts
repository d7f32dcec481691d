import { Context } from '@temporalio/activity';

/** How far a step is. Travels as heartbeat details, so: numbers and a few words. */
export interface StepProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly note?: string;
}

const latest = new WeakMap<Context, StepProgress>();

/**
 * A reporter bound to the running activity; it may be called from any callback. The last report is repeated by the
 * worker's heartbeat ticker, so a step that is silent for a while does not lose it.
 */
export function progressReporter(): (progress: StepProgress) => void {
  const context = Context.current();
  return (progress) => {
    latest.set(context, progress);
    context.heartbeat(progress);
  };
}

export function latestProgress(context: Context): StepProgress | undefined {
  return latest.get(context);
}
