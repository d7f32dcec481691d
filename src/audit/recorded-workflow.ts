import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';

/** One completed activity of a workflow, from its history. */
export interface RecordedStep {
  readonly activity: string;
  readonly eventId: number;
  readonly input: unknown;
  readonly result: unknown;
  /** Whether the history contains its end. */
  readonly isComplete: boolean;
}

export interface RecordedChild {
  readonly workflowId: string;
  readonly input: unknown;
  /** `undefined` while the child has not completed. */
  readonly result: unknown;
}

/** One exported history, decoded. */
export interface RecordedWorkflow {
  readonly path: string;
  /** Its name, such as that of iteration 3. */
  readonly file: string;
  readonly type: string;
  readonly input: unknown;
  /** `undefined` if it did not complete (it failed, or continued as new). */
  readonly result: unknown;
  /** In the order in which they were scheduled. */
  readonly steps: readonly RecordedStep[];
  readonly children: readonly RecordedChild[];
  readonly history: History;
}

type History = ReturnType<typeof historyFromJSON>;
type Payloads = { payloads?: unknown[] | null } | null | undefined;

/** A history file that cannot be trusted, with the reason. */
export interface DamagedHistory {
  readonly path: string;
  readonly reason: string;
}

/** Reads one exported history and compares it with its sha256 file. */
export async function readRecordedWorkflow(path: string): Promise<RecordedWorkflow | DamagedHistory> {
  try {
    const text = await readFile(path);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const sidecar = await readFile(`${path}.sha256`, 'utf8');
    const expected = `${sha256}  ${basename(path)}\n`;
    if (sidecar !== expected) {
      return {
        path,
        reason: `hashes to ${sha256}, but ${basename(path)}.sha256 says ${sidecar.trim().split(/\s/)[0]}`,
      };
    }
    return decode(path, historyFromJSON(JSON.parse(text.toString('utf8'))));
  } catch (error) {
    return { path, reason: (error as Error).message };
  }
}

export const isDamaged = (workflow: RecordedWorkflow | DamagedHistory): workflow is DamagedHistory =>
  'reason' in workflow;

function decode(path: string, history: History): RecordedWorkflow {
  const steps = new Map<
    string,
    { activity: string; eventId: number; input: unknown; result: unknown; isComplete: boolean }
  >();
  const children = new Map<string, { workflowId: string; input: unknown; result: unknown }>();
  let type = '';
  let input: unknown;
  let result: unknown;
  for (const event of history.events ?? []) {
    const started = event.workflowExecutionStartedEventAttributes;
    const scheduled = event.activityTaskScheduledEventAttributes;
    const completed = event.activityTaskCompletedEventAttributes;
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
    const childCompleted = event.childWorkflowExecutionCompletedEventAttributes;
    if (started) {
      type = started.workflowType?.name ?? '';
      input = decodeFirst(started.input);
    } else if (scheduled) {
      const activity = scheduled.activityType?.name ?? '';
      const step = { activity, eventId: Number(event.eventId), input: decodeFirst(scheduled.input), isComplete: false };
      steps.set(String(event.eventId), { ...step, result: undefined });
    } else if (completed) {
      const step = steps.get(String(completed.scheduledEventId));
      Object.assign(step ?? {}, { result: decodeFirst(completed.result), isComplete: true });
    } else if (child) {
      const workflowId = child.workflowId ?? '';
      children.set(String(event.eventId), { workflowId, input: decodeFirst(child.input), result: undefined });
    } else if (childCompleted) {
      Object.assign(children.get(String(childCompleted.initiatedEventId)) ?? {}, {
        result: decodeFirst(childCompleted.result),
      });
    } else if (event.workflowExecutionCompletedEventAttributes) {
      result = decodeFirst(event.workflowExecutionCompletedEventAttributes.result);
    }
  }
  const ended = { path, file: basename(path), type, input, result, history };
  return { ...ended, steps: [...steps.values()], children: [...children.values()] };
}

/** The first argument, or the result; `null` without one. */
function decodeFirst(payloads: Payloads): unknown {
  const [payload] = payloads?.payloads ?? [];
  return payload == null ? null : defaultPayloadConverter.fromPayload(payload as never);
}
