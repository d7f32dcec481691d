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
import { type Steering, unsteered } from '../core/steering';
import { activityGroups } from './activity-options';
import { childSearchAttributes, showState, showTable, summaryOf } from './display';
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
 * The experiment forwards what it receives to its runs: at once to those that are running, at their start to later ones.
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
      show();
      await Promise.all([...running.values()].map((child) => (child === null ? undefined : pass(child, told))));
    },
  });
  const parallelRuns = () => steering().parallelRuns ?? input.parallelRuns;
  const status = (): ExperimentStatus => ({
    experiment: input.experiment,
    running: [...running.keys()],
    finished: [...finished],
    failed: [...failed],
    total: input.runNames.length,
    parallelRuns: parallelRuns(),
    steering: steering(),
  });
  setHandler(experimentStatusQuery, status);
  const show = () => showExperiment(status());
  show();
  showState('working');

  const ends: Promise<void>[] = [];
  for (const [index, name] of input.runNames.entries()) {
    const mayStart = () => steering().paused === null && running.size < parallelRuns();
    await condition(() => mayStart() || steering().stopping !== null);
    if (steering().stopping !== null) {
      break;
    }
    running.set(name, null);
    show();
    const end = runAndNote(name, index);
    // A cancellation reaches whoever awaits all ends; until then nobody does.
    end.catch(() => {});
    ends.push(end);
  }
  await Promise.all(ends);
  await condition(allHandlersFinished);
  showState('ended');
  return status();

  async function runAndNote(name: string, index: number): Promise<void> {
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
      show();
    }
  }

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
      staticSummary: summaryOf(plan),
      ...childSearchAttributes(name),
    });
    running.set(name, child);
    await catchUp(child, given, steering());
    await child.result();
    await light.exportHistory({ workflowId: name, owner: name, name: 'run' });
  }
}

/** Tells a run what was changed while it started. */
async function catchUp(child: RunHandle, given: Steering, now: Steering): Promise<void> {
  if (now.paused !== null && now.paused !== given.paused) {
    await pass(child, { request: { verb: 'pause', now: now.paused.now }, who: now.paused.who });
  }
  if (now.stopping !== null && now.stopping !== given.stopping) {
    await pass(child, { request: { verb: 'stop' }, who: now.stopping.who });
  }
  const { concurrency, iterations } = now;
  if (concurrency !== given.concurrency || iterations !== given.iterations) {
    const request = {
      verb: 'set' as const,
      concurrency: concurrency ?? undefined,
      iterations: iterations ?? undefined,
    };
    await pass(child, { request, who: now.changes.at(-1)?.who ?? '' });
  }
}

function showExperiment({
  experiment: name,
  running,
  finished,
  failed,
  total,
  steering,
  parallelRuns,
}: ExperimentStatus) {
  const isOver = running.length === 0 && finished.length + failed.length === total;
  showTable({
    experiment: name,
    state: isOver ? 'ended' : steering.paused === null ? 'working' : `paused by ${steering.paused.who}`,
    runs: `${finished.length} of ${total} ended`,
    'at a time': parallelRuns,
    ...(running.length === 0 ? {} : { 'under way': running.join(', ') }),
    ...(failed.length === 0 ? {} : { failed: failed.map(({ run: one }) => one).join(', ') }),
  });
}

/** A run that has just ended needs to know nothing. The experiment's caps, and how many run at a time, are not the run's. */
async function pass(child: RunHandle, told: SteerInput | 'caps changed'): Promise<void> {
  const isAboutCaps = told === 'caps changed' || told.request.verb === 'budget';
  if (isAboutCaps) {
    await child.signal(capsChangedSignal).catch(() => {});
    return;
  }
  const { request, who } = told;
  const passed = request.verb === 'set' ? { ...request, parallelRuns: undefined } : request;
  await child.signal(steerSignal, { request: passed, who }).catch(() => {});
}

/** What was set for all runs holds for later ones; pauses and caps are the experiment's own. */
function forNewRun({ concurrency, iterations }: Steering): Steering {
  return { ...unsteered, concurrency, iterations };
}

/** The innermost message: the failures around it say only which child or activity it passed through. */
function reasonOf(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) {
    current = current.cause;
  }
  return current instanceof Error ? current.message : String(current);
}
