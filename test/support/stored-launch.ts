import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeLaunch } from '../../src/cli/launch';
import { parseConfigFile, type RunPlan } from '../../src/core/config';
import { openWorkspace, type Workspace } from '../../src/store/workspace';

/** A workspace in which a run `demo` was started and then ended before its first step. */
export async function storedLaunch(): Promise<{ readonly workspace: Workspace; readonly plan: RunPlan }> {
  const workspace = await openWorkspace(join(mkdtempSync(join(tmpdir(), 'tutelage-launch-')), 'home'));
  const parsed = parseConfigFile({ text: demoConfig, file: 'demo.yaml', sets: [] });
  const [plan] = parsed.ok ? parsed.runs : [];
  if (plan === undefined) {
    throw new Error(JSON.stringify(parsed));
  }
  await storeLaunch(workspace, { name: 'demo', next: '', isExperiment: false, plans: [plan], parallelRuns: 1 });
  return { workspace, plan };
}

export const demoConfig = 'name: demo\ntask: {kind: operator-chains}\n';
