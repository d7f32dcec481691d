import {
  type ChildWorkflowHandle,
  continueAsNew,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { PrepareInput } from '../activities/prepare';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { RunConfig } from '../core/config/schema';
import { iterationWorkflowId } from '../core/names';
import type { EvaluationSummary, IterationOutcome, PreparedRun } from '../core/run-record';
import { accuracyOf, macroAccuracyOf } from '../core/statistics/accuracy';
import { activityGroups } from './activity-options';
import { iteration } from './iteration';
import { type RunStatus, resumeSignal, runStatusQuery } from './messages';
import { reflectEnds } from './reflect-ends';

export interface RunInput extends PrepareInput {
  /** Given by the run itself when it continues as new. */
  readonly progress?: RunProgress;
}

/** All that a run remembers. Its size does not grow with the iterations: their records are behind `past`. */
interface RunProgress {
  readonly prepared: PreparedRun;
  readonly baseEvaluation: EvaluationSummary;
  readonly iterationsDone: number;
  readonly rowsAccepted: number;
  readonly student: ModelRef;
  readonly past: ArtifactRef | null;
  readonly lastEvaluation: EvaluationSummary;
}

export interface RunResult {
  readonly run: string;
  readonly endedBecause: EndReason;
  readonly iterationsDone: number;
  readonly rowsAccepted: number;
}

type EndReason = 'iterations' | 'budget';

/**
 * One run: prepare the pool and the base student, evaluate the base, then one child workflow per iteration until the
 * iterations or the budget are spent. Between two iterations no child is open, which is where the run archives the
 * finished one and, when its own history has grown long, continues as new.
 */
export async function run(input: RunInput): Promise<RunResult> {
  const groups = activityGroups();
  const { light, student } = groups;
  const { config } = input;
  let step = 'prepare';
  let progress: RunProgress | undefined = input.progress;
  let child: ChildWorkflowHandle<typeof iteration> | undefined;
  setHandler(runStatusQuery, () => statusOf(input, step, progress));
  setHandler(resumeSignal, () => child?.signal(resumeSignal));

  if (progress === undefined) {
    const prepared = await student.prepare(input);
    step = 'evaluate base';
    const context = { ...input, prepared };
    const evaluation = await student.evaluate({ ...context, student: prepared.base, iteration: 0 });
    progress = startOf(prepared, evaluation);
    await light.archive({ ...context, baseEvaluation: evaluation, past: null, outcome: null, endedBecause: null });
  }

  let ended = endReason(config, progress);
  while (ended === null) {
    const before: RunProgress = progress;
    const number = before.iterationsDone + 1;
    const context = { run: input.run, experiment: input.experiment, config, prepared: before.prepared };
    step = 'iteration';
    child = await startChild(iteration, {
      workflowId: iterationWorkflowId(input.run, number),
      args: [
        {
          ...context,
          iteration: number,
          student: before.student,
          past: before.past,
          rowsWanted: rowsWanted(config, before),
        },
      ],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: `iteration ${number} of ${config.iterations}`,
    });
    const outcome: IterationOutcome | null = await child.result();
    child = undefined;

    step = 'archive';
    const after = outcome === null ? before : advance(before, outcome);
    ended = outcome === null || outcome.refused > 0 ? 'budget' : endReason(config, after);
    const { baseEvaluation, past } = before;
    const ends = ended === null ? {} : await reflectEnds(groups, context, { past, outcome, student: after.student });
    progress = {
      ...after,
      past: await light.archive({ ...context, ...ends, baseEvaluation, past, outcome, endedBecause: ended }),
    };

    if (ended === null && workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof run>({ ...input, progress });
    }
  }
  return {
    run: input.run,
    endedBecause: ended,
    iterationsDone: progress.iterationsDone,
    rowsAccepted: progress.rowsAccepted,
  };
}

function startOf(prepared: PreparedRun, evaluation: EvaluationSummary): RunProgress {
  return {
    prepared,
    baseEvaluation: evaluation,
    iterationsDone: 0,
    rowsAccepted: 0,
    student: prepared.base,
    past: null,
    lastEvaluation: evaluation,
  };
}

function advance(progress: RunProgress, outcome: IterationOutcome): RunProgress {
  return {
    ...progress,
    iterationsDone: outcome.iteration,
    rowsAccepted: progress.rowsAccepted + outcome.accepted,
    student: outcome.student,
    lastEvaluation: outcome.evaluation,
  };
}

function endReason(config: RunConfig, progress: RunProgress): EndReason | null {
  if (progress.iterationsDone >= config.iterations) {
    return 'iterations';
  }
  return rowsWanted(config, progress) === 0 ? 'budget' : null;
}

/** A selection asks for exactly as many rows as the budget allows, no more. */
function rowsWanted(config: RunConfig, progress: RunProgress): number {
  const left = (config.budget.samples ?? Number.POSITIVE_INFINITY) - progress.rowsAccepted;
  return Math.max(0, Math.min(config.samples_per_iteration, left));
}

function statusOf(input: RunInput, step: string, progress: RunProgress | undefined): RunStatus {
  const { config } = input;
  const planned = config.iterations * config.samples_per_iteration;
  return {
    run: input.run,
    step,
    iterationsDone: progress?.iterationsDone ?? 0,
    iterations: config.iterations,
    rowsAccepted: progress?.rowsAccepted ?? 0,
    rowsPlanned: Math.min(planned, config.budget.samples ?? planned),
    accuracy: progress ? accuracyOf(progress.lastEvaluation.overall) : null,
    macroAccuracy: progress ? macroAccuracyOf(progress.lastEvaluation.strata) : null,
  };
}
