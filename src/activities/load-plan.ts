import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import type { RunPlan } from '../core/config/run-plan';
import type { RunRecord } from '../core/run-record';
import type { Steering } from '../core/steering';
import { readJsonFile } from '../store/workspace';
import type { Dependencies } from './dependencies';
import { storedSteering } from './steering';

export interface LoadedPlan {
  readonly plan: RunPlan;
  /** The workspace has the run's end already: an experiment that is started again skips it. */
  readonly isComplete: boolean;
  /** What was changed before, where the run had begun; a pause or a stop is not among it. */
  readonly steering: Steering | null;
}

/** One run of an experiment, by its index in the plans. */
export function createLoadPlan({ store, workspace }: Dependencies) {
  return async function loadPlan({ plans, index }: { plans: ArtifactRef; index: number }): Promise<LoadedPlan> {
    const plan = (await store.readRecords<RunPlan>(plans))[index] as RunPlan;
    const record = await readJsonFile<RunRecord>(join(workspace.runDirectory(plan.run), 'run.json'));
    return {
      plan,
      isComplete: record !== null && record.state !== 'running',
      steering: await storedSteering(workspace, plan.run),
    };
  };
}
