import { join } from 'node:path';
import { loadRun } from '../analysis/load';
import type { ForkRecord } from '../audit/evidence';
import { openArtifacts } from '../store/artifacts/open-artifacts';
import { readJsonFile, type Workspace } from '../store/workspace';
import type { RunProgress } from '../workflows/run';

/** Where a fork's workflow starts; `null` for a run that is not a fork. */
export async function forkProgress(workspace: Workspace, run: string): Promise<RunProgress | null> {
  const fork = await readJsonFile<ForkRecord>(join(workspace.runDirectory(run), 'fork.json'));
  const record = fork === null ? null : await loadRun(workspace.root, run);
  const shared = record?.iterations.slice(0, fork?.after) ?? [];
  const last = shared.at(-1);
  if (record === null || last === undefined) {
    return null;
  }
  const store = openArtifacts(workspace);
  return {
    prepared: record.prepared,
    baseEvaluation: record.baseEvaluation,
    iterationsDone: shared.length,
    rowsAccepted: shared.reduce((sum, { accepted }) => sum + accepted, 0),
    student: last.student,
    finishedIterations: await store.putRecords('iterations', shared),
    lastEvaluation: last.evaluation,
    lastIterationMs: null,
    spentUsd: last.spend.usd,
  };
}
