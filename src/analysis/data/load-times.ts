import { join } from 'node:path';
import { readJsonFile } from '../../store/workspace';

/** Seconds of one iteration. */
export interface IterationTimes {
  /** By step, summed over its activities. */
  readonly steps: Readonly<Record<string, number>>;
  /** Of the steps that occupy a student engine. */
  readonly student: number;
}

/** The part of an exported history that times are read from. */
interface History {
  readonly events?: readonly HistoryEvent[];
}

interface HistoryEvent {
  readonly eventId?: string;
  readonly eventTime?: string;
  readonly activityTaskScheduledEventAttributes?: {
    readonly activityType?: { readonly name?: string };
    readonly taskQueue?: { readonly name?: string };
  };
  readonly activityTaskCompletedEventAttributes?: {
    readonly scheduledEventId?: string;
    readonly startedEventId?: string;
  };
}

/**
 * How long the steps of an iteration took, told by its exported history: from the start of the attempt that succeeded to
 * its end. A step that another run had done already takes next to nothing. Clocks and machines decide these numbers, so
 * they are apart from all results.
 *
 * @returns `null` where there is no history
 */
export async function loadTimes(workspace: string, run: string, iteration: number): Promise<IterationTimes | null> {
  const path = join(workspace, 'runs', ...run.split('/'), 'history', `iter-${iteration}.json`);
  const history = await readJsonFile<History>(path).catch(() => null);
  return history === null ? null : timesOf(history);
}

function timesOf({ events = [] }: History): IterationTimes {
  const byId = new Map(events.map((event) => [event.eventId, event]));
  const steps: Record<string, number> = {};
  let student = 0;
  for (const { eventTime, activityTaskCompletedEventAttributes: completed } of events) {
    const scheduled = byId.get(completed?.scheduledEventId ?? '')?.activityTaskScheduledEventAttributes;
    const name = scheduled?.activityType?.name;
    const started = Date.parse(byId.get(completed?.startedEventId ?? '')?.eventTime ?? '');
    const seconds = (Date.parse(eventTime ?? '') - started) / 1000;
    if (name !== undefined && Number.isFinite(seconds)) {
      steps[name] = milliseconds((steps[name] ?? 0) + seconds);
      student += scheduled?.taskQueue?.name?.endsWith('-student') ? seconds : 0;
    }
  }
  return { steps, student: milliseconds(student) };
}

const milliseconds = (seconds: number) => Math.round(1000 * seconds) / 1000;
