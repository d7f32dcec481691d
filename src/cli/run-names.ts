import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { readJsonFile, type Workspace } from '../store/workspace';

/** The runs that a name stands for: itself, or all runs of the experiment of that name that have a record. */
export async function runsNamed(workspace: Workspace, name: string): Promise<string[]> {
  const experiment = await readJsonFile<{ runs: { run: string }[] }>(
    join(workspace.runDirectory(name), 'experiment.json'),
  );
  const runs = experiment === null ? [name] : experiment.runs.map(({ run }) => run);
  const known: string[] = [];
  for (const run of runs) {
    if ((await readJsonFile(join(workspace.runDirectory(run), 'run.json')).catch(() => ({}))) !== null) {
      known.push(run);
    }
  }
  if (known.length === 0) {
    throw new TutelageError(
      'usage',
      `nothing called ${name} has begun in the workspace ${workspace.root}`,
      'give the full name, such as quickstart/loss-1; TUTELAGE_HOME names another workspace',
    );
  }
  return known;
}
