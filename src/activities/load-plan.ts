import { join } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref';
import type { RunRecord } from '../core/run-record';
import { readJsonFile } from '../store/workspace';
import type { Dependencies } from './dependencies';
import type { PrepareInput } from './prepare';

export interface LoadedPlan {
  readonly plan: PrepareInput;
  /** The workspace has the run's end already: an experiment that is started again skips it. */
  readonly isComplete: boolean;
}

/** One run of an experiment, by its place in the plans. */
export function createLoadPlan({ store, workspace }: Dependencies) {
  return async function loadPlan({ plans, index }: { plans: ArtifactRef; index: number }): Promise<LoadedPlan> {
    const plan = (await store.readRecords<PrepareInput>(plans))[index] as PrepareInput;
    const record = await readJsonFile<RunRecord>(join(workspace.runDirectory(plan.run), 'run.json'));
    return { plan, isComplete: record?.state === 'complete' };
  };
}
