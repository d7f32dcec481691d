import {
  allHandlersFinished,
  type ChildWorkflowHandle,
  condition,
  continueAsNew,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RunPlanInput } from '../activities/read-data';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { iterationWorkflowId } from '../core/names';
import type { EvaluationSummary, IterationOutcome, PreparedRun } from '../core/run-record';
import type { Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import { childSearchAttributes, showStage } from './display';
import { iteration } from './iteration';
import { type RunStatus, runStatusQuery, steeringSignal } from './messages';
import { reflectEnds } from './reflect-ends';
import { budgetReason, createRest, type Rest } from './rest';
import { steered } from './steered';

export interface RunInput extends RunPlanInput {
  /** Given by the run itself when it continues as new, and to a fork. */
  readonly progress?: RunProgress;
  /** What was changed before: by whoever continues, or by an experiment for all its runs. */
  readonly steering?: Steering;
}

/** All that a run remembers. Its size does not grow with the iterations: their records are behind `past`. */
export interface RunProgress {
  readonly prepared: PreparedRun;
  readonly baseEvaluation: EvaluationSummary;
  readonly iterationsDone: number;
  readonly rowsAccepted: number;
  readonly student: ModelRef;
  readonly past: ArtifactRef | null;
  readonly lastEvaluation: EvaluationSummary;
  readonly lastIterationMs: number | null;
  readonly spentUsd: number;
}

export interface RunResult {
  readonly run: string;
  readonly endedBecause: EndReason;
  readonly iterationsDone: number;
  readonly rowsAccepted: number;
}

type EndReason = 'iterations' | 'budget' | 'stopped';

/**
 * One run: prepare the pool and the base student, evaluate the base, then one child workflow per iteration until the
 * iterations or the budget are spent, or somebody stops it. Between two iterations no child is open, which is where the
 * run archives the finished one and, when its own history has grown long, continues as new.
 */
export async function run(input: RunInput): Promise<RunResult> {
  const groups = activityGroups();
  const { light } = groups;
  const desk = openRun(input);
  const { rest, steering } = desk;
  await exportPart(input);
  let progress = input.progress ?? (await prepareRun(input, desk));
  desk.advanced(progress);

  let ended = await endReason(input, progress, steering, rest);
  while (ended === null) {
    await rest.safePoint();
    const before: RunProgress = progress;
    const { capChanges } = steering();
    const startedMs = Date.now();
    const outcome = await desk.runIteration(before);

    desk.enter('archive');
    const context = contextOf(input, before.prepared);
    const { baseEvaluation, past } = before;
    const after = outcome === null ? before : advance(before, outcome, Date.now() - startedMs);
    // A cap that was raised since refused its rows too early: the next iteration asks again.
    const isSpent = (outcome === null || outcome.refused > 0) && steering().capChanges === capChanges;
    if (isSpent) {
      ended = steering().stopping === null ? 'budget' : 'stopped';
    } else {
      ended = await endReason(input, after, steering, rest);
    }
    const ends = ended === null ? {} : await reflectEnds(groups, context, { past, outcome, student: after.student });
    const iteration = before.iterationsDone + 1;
    const ending = { ...ends, iteration, outcome, endedBecause: ended };
    const archived = await light.archive({ ...context, baseEvaluation, past, ...ending });
    progress = { ...after, ...archived };
    desk.advanced(progress);

    if (ended === null && workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof run>({ ...input, progress, steering: steering() });
    }
  }
  desk.enter('ended');
  await condition(allHandlersFinished);
  return {
    run: input.run,
    endedBecause: ended,
    iterationsDone: progress.iterationsDone,
    rowsAccepted: progress.rowsAccepted,
  };
}

type Desk = ReturnType<typeof openRun>;

/** The history of the part before, where this one continues it: the server keeps closed ones for a day. */
async function exportPart({ run: name, progress }: RunInput): Promise<void> {
  const runId = workflowInfo().continuedFromExecutionRunId;
  if (progress !== undefined && runId !== undefined) {
    const { light } = activityGroups();
    await light.exportHistory({ workflowId: name, runId, owner: name, name: `run-${progress.iterationsDone}` });
  }
}

/** Everything around the iterations: what is shown, asked and steered while they run. */
function openRun(input: RunInput) {
  let step = 'prepare';
  let stepSinceMs = Date.now();
  let progress = input.progress;
  let child: ChildWorkflowHandle<typeof iteration> | undefined;
  const iterationsBegun = () => (progress?.iterationsDone ?? 0) + (step === 'iteration' ? 1 : 0);
  const steering = steered({
    kind: 'run',
    name: input.run,
    initial: input.steering,
    iterationsBegun,
    tell: async (changed) => {
      rest.steeringChanged();
      await tellChild(changed);
    },
  });
  const rest = createRest({ run: input.run, steering, onWaiting: show });
  setHandler(runStatusQuery, () => statusOf(input, { step, stepSinceMs, steering, rest }, progress));

  /** One that has just ended needs to know nothing. */
  async function tellChild(changed: Steering): Promise<void> {
    await child?.signal(steeringSignal, withoutChanges(changed)).catch(() => {});
  }

  function enter(next: string): void {
    step = next;
    stepSinceMs = Date.now();
    show();
  }

  function show(): void {
    const waiting = rest.waiting();
    showStage({
      run: input.run,
      iteration: iterationsBegun(),
      step,
      state: step === 'ended' ? 'ended' : waiting === null ? 'working' : 'waiting',
      usd: progress?.spentUsd ?? 0,
      details: {
        iteration: `${iterationsBegun()} of ${iterationsOf(input.config, steering())}`,
        rows: progress?.rowsAccepted ?? 0,
        ...(waiting === null ? {} : { 'waits for': waiting.reason }),
      },
    });
  }

  async function runIteration(before: RunProgress): Promise<IterationOutcome | null> {
    const number = before.iterationsDone + 1;
    const { student, past } = before;
    enter('iteration');
    const given = steering();
    const started = await startChild(iteration, {
      workflowId: iterationWorkflowId(input.run, number),
      args: [
        {
          ...contextOf(input, before.prepared),
          iteration: number,
          student,
          past,
          rowsWanted: rowsWanted(input.config, before, given),
          steering: withoutChanges(given),
        },
      ],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `${input.run}: iteration ${number} of ${iterationsOf(input.config, given)}`,
      ...childSearchAttributes(input.run),
    });
    child = started;
    if (steering() !== given) {
      await tellChild(steering());
    }
    try {
      return await started.result();
    } finally {
      child = undefined;
    }
  }

  return {
    steering,
    rest,
    enter,
    runIteration,
    advanced: (now: RunProgress) => {
      progress = now;
    },
  };
}

/** The pool, the base student and what it can do. */
async function prepareRun(input: RunInput, { rest, enter }: Desk): Promise<RunProgress> {
  const { light, student } = activityGroups();
  const { progress: _progress, steering: _steering, ...plan } = input;
  enter('prepare');
  const data = await rest.interruptible(() =>
    light.readData.executeWithOptions({ summary: 'before the first iteration' }, [plan]),
  );
  const { run: name, config } = plan;
  const prepared = await rest.interruptible(() =>
    student.prepare.executeWithOptions({ summary: 'before the first iteration' }, [{ run: name, config, ...data }]),
  );
  enter('evaluate base');
  const context = contextOf(input, prepared);
  const evaluation = await rest.interruptible(() =>
    student.evaluate.executeWithOptions({ summary: 'the base student' }, [
      { ...context, student: prepared.base, iteration: 0 },
    ]),
  );
  enter('archive');
  await light.archive({
    ...context,
    baseEvaluation: evaluation,
    past: null,
    iteration: null,
    outcome: null,
    endedBecause: null,
  });
  return {
    prepared,
    baseEvaluation: evaluation,
    iterationsDone: 0,
    rowsAccepted: 0,
    student: prepared.base,
    past: null,
    lastEvaluation: evaluation,
    lastIterationMs: null,
    spentUsd: 0,
  };
}

const contextOf = ({ run: name, experiment, config }: RunInput, prepared: PreparedRun) => ({
  run: name,
  experiment,
  config,
  prepared,
});

function advance(progress: RunProgress, outcome: IterationOutcome, lastIterationMs: number): RunProgress {
  return {
    ...progress,
    iterationsDone: outcome.iteration,
    rowsAccepted: progress.rowsAccepted + outcome.accepted,
    student: outcome.student,
    lastEvaluation: outcome.evaluation,
    lastIterationMs,
  };
}

/** Why no iteration follows; a run that is to pause at its cap on rows waits here until it is raised or stopped. */
async function endReason(
  { run: name, config }: RunInput,
  progress: RunProgress,
  steering: () => Steering,
  rest: Rest,
): Promise<EndReason | null> {
  const isOver = () => steering().stopping !== null || progress.iterationsDone >= iterationsOf(config, steering());
  const isSpent = () => rowsWanted(config, progress, steering()) === 0;
  if (!isOver() && isSpent() && config.budget.on_exhausted === 'pause') {
    await rest.waitForPerson(budgetReason(name), () => isOver() || !isSpent());
  }
  if (steering().stopping !== null) {
    return 'stopped';
  }
  if (isOver()) {
    return 'iterations';
  }
  return isSpent() ? 'budget' : null;
}

const iterationsOf = (config: RunConfig, steering: Steering) => steering.iterations ?? config.iterations;

function samplesCap(config: RunConfig, steering: Steering): number {
  const cap = steering.samplesCap === undefined ? config.budget.samples : steering.samplesCap;
  return cap ?? Number.POSITIVE_INFINITY;
}

/** A selection asks for exactly as many rows as the budget allows, no more. */
function rowsWanted(config: RunConfig, progress: RunProgress, steering: Steering): number {
  const left = samplesCap(config, steering) - progress.rowsAccepted;
  return Math.max(0, Math.min(config.samples_per_iteration, left));
}

const withoutChanges = (steering: Steering): Steering => ({ ...steering, changes: [] });

function statusOf(
  { run: name, config }: RunInput,
  place: { step: string; stepSinceMs: number; steering: () => Steering; rest: Rest },
  progress: RunProgress | undefined,
): RunStatus {
  const steering = place.steering();
  const iterations = iterationsOf(config, steering);
  return {
    run: name,
    step: place.step,
    stepSinceMs: place.stepSinceMs,
    iterationsDone: progress?.iterationsDone ?? 0,
    iterations,
    rowsAccepted: progress?.rowsAccepted ?? 0,
    rowsPlanned: Math.min(iterations * config.samples_per_iteration, samplesCap(config, steering)),
    lastIterationMs: progress?.lastIterationMs ?? null,
    waiting: place.rest.waiting(),
    steering,
  };
}
