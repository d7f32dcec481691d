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
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunToDo } from '../core/config/run-plan';
import type { RunConfig } from '../core/config/schema';
import type { AcceptedRejections } from '../core/hygiene/useless-rows';
import { iterationWorkflowId } from '../core/names';
import { plannedIterations, plannedRows, samplesCap } from '../core/run-plan-rows';
import type { EvaluationSummary, IterationOutcome, PreparedRun } from '../core/run-record';
import { budgetReason, type Steering } from '../core/steering';
import { activityGroups } from './activity-options';
import { createTeacherWait } from './ask-teacher';
import { diagnoseEnds } from './diagnose-ends';
import { accuracyText, childSearchAttributes, showStage } from './display';
import { evaluateStudent } from './evaluate-student';
import { iteration } from './iteration';
import { type RunStatus, runStatusQuery, steeringSignal } from './messages';
import { createPausePoints, type PausePoints } from './pause-points';
import { steered } from './steered';

export interface RunInput extends RunToDo {
  /** Set by the run itself when it continues as new, and for a fork. */
  readonly progress?: RunProgress;
  /** What was changed before: in the part that this one continues, or by an experiment for all its runs. */
  readonly steering?: Steering;
}

/** All that a run remembers. Its size does not grow with the iterations: their records are behind `finishedIterations`. */
export interface RunProgress {
  readonly prepared: PreparedRun;
  readonly baseEvaluation: EvaluationSummary;
  readonly iterationsDone: number;
  readonly rowsAccepted: number;
  readonly student: ModelRef;
  readonly finishedIterations: ArtifactRef | null;
  readonly lastEvaluation: EvaluationSummary;
  readonly lastIterationMs: number | null;
  readonly acceptedRejections?: AcceptedRejections;
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
  const controls = openControls(input);
  const { pausePoints, steering } = controls;
  await exportPart(input);
  let progress = input.progress ?? (await prepareRun(input, controls));
  controls.advanced(progress);

  let ended = await endReason(input, progress, steering, pausePoints);
  while (ended === null) {
    await pausePoints.safePoint();
    const before: RunProgress = progress;
    const { capChanges } = steering();
    const startedMs = Date.now();
    const outcome = await controls.runIteration(before);

    controls.enter('archive');
    const context = contextOf(input, before.prepared);
    const { baseEvaluation, finishedIterations } = before;
    const after = outcome === null ? before : advance(before, outcome, Date.now() - startedMs);
    controls.advanced(after);
    // The cap that left rows out has been raised since: the next iteration asks again.
    const isSpent = (outcome === null || outcome.overBudget > 0) && steering().capChanges === capChanges;
    if (isSpent) {
      ended = steering().stopping === null ? 'budget' : 'stopped';
    } else {
      ended = await endReason(input, after, steering, pausePoints);
    }
    const ends =
      ended === null
        ? {}
        : await diagnoseEnds(groups, context, { finishedIterations, outcome, student: after.student });
    const iteration = before.iterationsDone + 1;
    const ending = { ...ends, iteration, outcome, endedBecause: ended };
    const summary = `iteration ${iteration}: ${outcome === null ? 'no rows' : `${outcome.accepted} rows, ${accuracyText(outcome.evaluation)}`}`;
    const archived = await light.archive.executeWithOptions({ summary }, [
      { ...context, baseEvaluation, finishedIterations, ...ending },
    ]);
    progress = { ...after, ...archived };
    controls.advanced(progress);

    if (ended === null && workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof run>({ ...input, progress, steering: steering() });
    }
  }
  controls.enter('ended');
  await condition(allHandlersFinished);
  return {
    run: input.run,
    endedBecause: ended,
    iterationsDone: progress.iterationsDone,
    rowsAccepted: progress.rowsAccepted,
  };
}

type Controls = ReturnType<typeof openControls>;

/** Exports the history of the part that this one continues: the server keeps closed workflows for a limited time. */
async function exportPart({ run: name, progress }: RunInput): Promise<void> {
  const runId = workflowInfo().continuedFromExecutionRunId;
  if (progress !== undefined && runId !== undefined) {
    const { light } = activityGroups();
    await light.exportHistory({ workflowId: name, runId, owner: name, name: `run-${progress.iterationsDone}` });
  }
}

/** What surrounds the iterations: how a run is shown, queried and steered while they work. */
function openControls(input: RunInput) {
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
      pausePoints.steeringChanged();
      await tellChild(changed);
    },
  });
  const pausePoints = createPausePoints({ run: input.run, steering, onWaiting: show });
  setHandler(runStatusQuery, () => statusOf(input, { step, stepSinceMs, steering, pausePoints }, progress));

  /** An iteration that has just ended no longer listens. */
  async function tellChild(changed: Steering): Promise<void> {
    await child?.signal(steeringSignal, withoutChanges(changed)).catch(() => {});
  }

  function enter(next: string): void {
    step = next;
    stepSinceMs = Date.now();
    show();
  }

  function show(): void {
    const waiting = pausePoints.waiting();
    showStage({
      run: input.run,
      iteration: iterationsBegun(),
      step,
      state: step === 'ended' ? 'ended' : waiting === null ? 'working' : 'waiting',
      usd: progress?.spentUsd ?? 0,
      details: {
        iteration: `${iterationsBegun()} of ${plannedIterations(input.config, steering())}`,
        rows: progress?.rowsAccepted ?? 0,
        ...(progress === undefined ? {} : { student: accuracyText(progress.lastEvaluation) }),
        ...(waiting === null ? {} : { 'waits for': waiting.reason }),
      },
    });
  }

  async function runIteration(before: RunProgress): Promise<IterationOutcome | null> {
    const number = before.iterationsDone + 1;
    const { student, finishedIterations } = before;
    enter('iteration');
    const given = steering();
    const started = await startChild(iteration, {
      workflowId: iterationWorkflowId(input.run, number),
      args: [
        {
          ...contextOf(input, before.prepared),
          iteration: number,
          student,
          finishedIterations,
          rowsWanted: rowsWanted(input.config, before, given),
          steering: withoutChanges(given),
          ...acceptedIn(before),
        },
      ],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `${input.run}: iteration ${number} of ${plannedIterations(input.config, given)}, after ${textOf(before)}`,
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
    pausePoints,
    enter,
    runIteration,
    advanced: (now: RunProgress) => {
      progress = now;
    },
  };
}

/** The pool, the base student and what it can do. */
async function prepareRun(input: RunInput, { pausePoints, steering, enter }: Controls): Promise<RunProgress> {
  const { light, student } = activityGroups();
  const { progress: _progress, steering: _steering, ...plan } = input;
  enter('prepare');
  const data = await pausePoints.interruptible(() =>
    light.readData.executeWithOptions({ summary: 'before the first iteration' }, [plan]),
  );
  const { run: name, config } = plan;
  const prepared = await pausePoints.interruptible(() =>
    student.prepare.executeWithOptions({ summary: 'before the first iteration' }, [{ run: name, config, ...data }]),
  );
  enter('evaluate base');
  const context = contextOf(input, prepared);
  const teacherWait = createTeacherWait({ input, pausePoints, steering });
  const evaluation = await evaluateStudent(
    { ...context, student: prepared.base, iteration: 0 },
    { pausePoints, teacherWait, title: { summary: 'the base student' } },
  );
  enter('archive');
  await light.archive({
    ...context,
    baseEvaluation: evaluation,
    finishedIterations: null,
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
    finishedIterations: null,
    lastEvaluation: evaluation,
    lastIterationMs: null,
    spentUsd: 0,
  };
}

/** What a run has come to: shown beside the iteration that follows. */
const textOf = ({ rowsAccepted, lastEvaluation, spentUsd }: RunProgress): string =>
  `${rowsAccepted} rows, ${accuracyText(lastEvaluation)}${spentUsd > 0 ? `, USD ${spentUsd.toFixed(4)}` : ''}`;

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
    ...acceptedIn(outcome),
  };
}

const acceptedIn = ({ acceptedRejections }: Pick<RunProgress, 'acceptedRejections'>) =>
  acceptedRejections === undefined ? {} : { acceptedRejections };

/** Why no iteration follows; a run that pauses at its caps waits here until the cap on rows is raised or it is stopped. */
async function endReason(
  { run: name, config }: RunInput,
  progress: RunProgress,
  steering: () => Steering,
  pausePoints: PausePoints,
): Promise<EndReason | null> {
  const isOver = () => steering().stopping !== null || progress.iterationsDone >= plannedIterations(config, steering());
  const isSpent = () => rowsWanted(config, progress, steering()) === 0;
  if (!isOver() && isSpent() && config.budget.on_exhausted === 'pause') {
    await pausePoints.waitForPerson(budgetReason(name), () => isOver() || !isSpent());
  }
  if (steering().stopping !== null) {
    return 'stopped';
  }
  if (isOver()) {
    return 'iterations';
  }
  return isSpent() ? 'budget' : null;
}

/** A selection asks for exactly as many rows as the budget allows, no more. */
function rowsWanted(config: RunConfig, progress: RunProgress, steering: Steering): number {
  const left = samplesCap(config, steering) - progress.rowsAccepted;
  return Math.max(0, Math.min(config.samples_per_iteration, left));
}

const withoutChanges = (steering: Steering): Steering => ({ ...steering, changes: [] });

function statusOf(
  { run: name, config }: RunInput,
  now: { step: string; stepSinceMs: number; steering: () => Steering; pausePoints: PausePoints },
  progress: RunProgress | undefined,
): RunStatus {
  const steering = now.steering();
  return {
    run: name,
    step: now.step,
    stepSinceMs: now.stepSinceMs,
    iterationsDone: progress?.iterationsDone ?? 0,
    iterations: plannedIterations(config, steering),
    rowsAccepted: progress?.rowsAccepted ?? 0,
    rowsPlanned: plannedRows(config, steering),
    lastIterationMs: progress?.lastIterationMs ?? null,
    waiting: now.pausePoints.waiting(),
    steering,
  };
}
