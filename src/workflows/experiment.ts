import {
  allHandlersFinished,
  type ChildWorkflowHandle,
  condition,
  isCancellation,
  ParentClosePolicy,
  setHandler,
  startChild,
} from '@temporalio/workflow';
import type { ArtifactRef } from '../core/artifact-ref';
import type { Steering } from '../core/steering';
import { mapWithWindow } from '../core/window';
import { activityGroups } from './activity-options';
import { childSearchAttributes } from './display';
import {
  capsChangedSignal,
  type ExperimentStatus,
  experimentStatusQuery,
  type SteerInput,
  steerSignal,
} from './messages';
import { run } from './run';
import { steered } from './steered';

export interface ExperimentInput {
  readonly experiment: string;
  /** The runs' plans, one JSON line each: a grid of hundreds of configurations is too large for a payload. */
  readonly plans: ArtifactRef;
  readonly runNames: readonly string[];
  readonly parallelRuns: number;
  /** What was changed before a restart. */
  readonly steering?: Steering;
}

type RunHandle = ChildWorkflowHandle<typeof run>;

/**
 * The runs that one file expands to, `parallelRuns` at a time. A run that fails is reported and does not stop the others.
 * What the experiment is told, its runs are told: those under way at once, later ones when they start.
 */
export async function experiment(input: ExperimentInput): Promise<ExperimentStatus> {
  const { light } = activityGroups();
  const running = new Map<string, RunHandle | null>();
  const finished: string[] = [];
  const failed: { run: string; reason: string }[] = [];
  const steering = steered({
    kind: 'experiment',
    name: input.experiment,
    initial: input.steering,
    iterationsBegun: () => 0,
    tell: async (_changed, told) => {
      await Promise.all([...running.values()].map((child) => (child === null ? undefined : pass(child, told))));
    },
  });
  const status = (): ExperimentStatus => ({
    experiment: input.experiment,
    running: [...running.keys()],
    finished: [...finished],
    failed: [...failed],
    total: input.runNames.length,
    steering: steering(),
  });
  setHandler(experimentStatusQuery, status);

  await mapWithWindow(input.runNames, input.parallelRuns, async (name, index) => {
    await condition(() => steering().paused === null);
    if (steering().stopping !== null) {
      return;
    }
    running.set(name, null);
    try {
      await runToItsEnd(name, index);
      finished.push(name);
    } catch (error) {
      if (isCancellation(error)) {
        throw error;
      }
      failed.push({ run: name, reason: reasonOf(error) });
    } finally {
      running.delete(name);
    }
  });
  await condition(allHandlersFinished);
  return status();

  async function runToItsEnd(name: string, index: number): Promise<void> {
    const { plan, isComplete, steering: stored } = await light.loadPlan({ plans: input.plans, index });
    if (isComplete) {
      return;
    }
    const given = steering();
    const child = await startChild(run, {
      workflowId: name,
      args: [{ ...plan, steering: stored ?? forNewRun(given) }],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: name,
      ...childSearchAttributes(name),
    });
    running.set(name, child);
    await catchUp(child, given);
    await child.result();
    await light.exportHistory({ workflowId: name, owner: name, name: 'run' });
  }

  /** Tells a run what was changed while it started. */
  async function catchUp(child: RunHandle, given: Steering): Promise<void> {
    const now = steering();
    if (now.paused !== null && now.paused !== given.paused) {
      await pass(child, { request: { verb: 'pause', now: now.paused.now }, who: now.paused.who });
    }
    if (now.stopping !== null && now.stopping !== given.stopping) {
      await pass(child, { request: { verb: 'stop' }, who: now.stopping.who });
    }
  }
}

/** A run that has just ended needs to know nothing. The experiment's caps are not the run's. */
async function pass(child: RunHandle, told: SteerInput | 'caps changed'): Promise<void> {
  const isAboutCaps = told === 'caps changed' || told.request.verb === 'budget';
  await (isAboutCaps ? child.signal(capsChangedSignal) : child.signal(steerSignal, told)).catch(() => {});
}

/** What was set for all runs holds for later ones; pauses and caps are the experiment's own. */
function forNewRun({ concurrency, iterations }: Steering): Steering {
  return { paused: null, stopping: null, resumes: 0, capChanges: 0, concurrency, iterations, changes: [] };
}

/** The innermost message: the failures around it say only which child or activity it passed through. */
function reasonOf(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) {
    current = current.cause;
  }
  return current instanceof Error ? current.message : String(current);
}
