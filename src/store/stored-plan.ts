import { join } from 'node:path';
import type { RunPlan } from '../core/config/run-plan';
import { TutelageError } from '../core/errors';
import { readJsonFile, type Workspace } from './workspace';

/**
 * `plan.json` of a run; `null` where it has none.
 * @throws TutelageError `damaged` for a file that is cut off or no JSON
 */
export async function readStoredPlan(workspace: Workspace, run: string): Promise<RunPlan | null> {
  const path = join(workspace.runDirectory(run), 'plan.json');
  try {
    const plan = await readJsonFile<RunPlan>(path);
    if (plan !== null && (typeof plan.run !== 'string' || typeof plan.config !== 'object')) {
      throw new SyntaxError('it holds no plan');
    }
    return plan;
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw new TutelageError(
        'damaged',
        `the plan of ${run} cannot be read: ${path}: ${cause.message}`,
        'restore the file from a backup, or remove it: the same command writes it again if the configuration is unchanged',
        { cause },
      );
    }
    throw cause;
  }
}
