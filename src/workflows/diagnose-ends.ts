import type { RunContext } from '../activities/run-context';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { IterationOutcome, RunRecord } from '../core/run-record';
import type { activityGroups } from './activity-options';

/**
 * At the end of a random run whose configuration asks for it: how the base and the final student meet all its rows. Of
 * random runs only, because a selected set has the range of scores cut off.
 */
export async function diagnoseEnds(
  { student }: ReturnType<typeof activityGroups>,
  context: RunContext,
  end: {
    readonly finishedIterations: ArtifactRef | null;
    readonly outcome: IterationOutcome | null;
    readonly student: ModelRef;
  },
): Promise<{ diagnoses?: NonNullable<RunRecord['diagnoses']> }> {
  const { config, prepared } = context;
  if (
    config.analyses !== true ||
    config.strategy.select !== 'uniform' ||
    (end.finishedIterations ?? end.outcome) === null
  ) {
    return {};
  }
  const rows = { ...context, finishedIterations: end.finishedIterations, rows: end.outcome?.rows ?? null };
  const first = await student.diagnose({ ...rows, student: prepared.base });
  const final = await student.diagnose({ ...rows, student: end.student });
  return { diagnoses: { first, final } };
}
