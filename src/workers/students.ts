import { join } from 'node:path';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { openSharedJobs } from '../store/artifacts/open-artifacts';
import type { Workspace } from '../store/workspace';
import { createStudents, type Students } from '../student';

/** The engines of this process; `slots` of them may work at the same time. */
export function openStudents(
  store: ArtifactStore,
  {
    python,
    vllmPython,
    workspace,
    slots,
  }: { python: string; vllmPython?: (() => Promise<string>) | undefined; workspace: Workspace; slots: number },
): Students {
  return createStudents({
    python,
    ...(vllmPython === undefined ? {} : { vllmPython }),
    engineDirectory: join(__dirname, '..', '..', 'engine'),
    jobsDirectory: workspace.jobs,
    logDirectory: workspace.logs,
    slots,
    store,
    shared: openSharedJobs(),
  });
}
