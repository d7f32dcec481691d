import { executeChild, isCancellation, ParentClosePolicy, setHandler } from '@temporalio/workflow';
import type { ArtifactRef } from '../core/artifact-ref';
import { mapWithWindow } from '../core/window';
import { activityGroups } from './activity-options';
import { type ExperimentStatus, experimentStatusQuery } from './messages';
import { run } from './run';

export interface ExperimentInput {
  readonly experiment: string;
  /** The runs' plans, one JSON line each: a grid of hundreds of configurations is too large for a payload. */
  readonly plans: ArtifactRef;
  readonly runNames: readonly string[];
  readonly parallelRuns: number;
}

/** The runs that one file expands to, `parallelRuns` at a time. A run that fails is reported and does not stop the others. */
export async function experiment(input: ExperimentInput): Promise<ExperimentStatus> {
  const { light } = activityGroups();
  const running: string[] = [];
  const finished: string[] = [];
  const failed: { run: string; reason: string }[] = [];
  const status = (): ExperimentStatus => ({
    experiment: input.experiment,
    running: [...running],
    finished: [...finished],
    failed: [...failed],
    total: input.runNames.length,
  });
  setHandler(experimentStatusQuery, status);

  await mapWithWindow(input.runNames, input.parallelRuns, async (name, index) => {
    running.push(name);
    try {
      const { plan, isComplete } = await light.loadPlan({ plans: input.plans, index });
      if (!isComplete) {
        await executeChild(run, {
          workflowId: name,
          args: [plan],
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          staticSummary: name,
        });
        await light.exportHistory({ workflowId: name, owner: name, name: 'run' });
      }
      finished.push(name);
    } catch (error) {
      if (isCancellation(error)) {
        throw error;
      }
      failed.push({ run: name, reason: reasonOf(error) });
    } finally {
      running.splice(running.indexOf(name), 1);
    }
  });
  return status();
}

/** The innermost message: the failures around it say only which child or activity it passed through. */
function reasonOf(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) {
    current = current.cause;
  }
  return current instanceof Error ? current.message : String(current);
}
