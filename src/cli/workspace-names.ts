import { access, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { RunPlan } from '../core/config';
import { TutelageError } from '../core/errors';
import { readJsonFile, type Workspace } from '../store/workspace';

/** What a name on the command line stands for in the workspace. */
export interface NamedWork {
  readonly name: string;
  readonly kind: 'run' | 'experiment';
  /** Under whose name a process works on it: the experiment's for its runs. */
  readonly owner: string;
  /** The run itself, or those of the experiment in their order. */
  readonly runs: readonly string[];
}

const experimentSchema = z.object({ runs: z.array(z.object({ run: z.string() })) });
const planSchema = z.object({ experiment: z.string().nullable() });

/** @throws TutelageError `usage` where there is nothing of that name, with the names that there are */
export async function findWork(workspace: Workspace, name: string): Promise<NamedWork> {
  const all = await listWork(workspace);
  const exact = all.find((work) => work.name === name);
  if (exact !== undefined) {
    return exact;
  }
  const known = all.map((work) => work.name);
  throw new TutelageError(
    'usage',
    `there is no run or experiment ${JSON.stringify(name)} in ${workspace.root}`,
    known.length === 0 ? 'start one with `tutelage run FILE`' : `there are: ${known.slice(0, 20).join(', ')}`,
  );
}

/** The runs of a name that have a record, in order. @throws TutelageError `usage` where there is none */
export async function begunRuns(workspace: Workspace, name: string): Promise<string[]> {
  const { runs } = await findWork(workspace, name);
  const begun: string[] = [];
  for (const run of runs) {
    if (await exists(join(workspace.runDirectory(run), 'run.json'))) {
      begun.push(run);
    }
  }
  if (begun.length === 0) {
    throw new TutelageError('usage', `${name} has no finished step yet`, 'see how far it is with `tutelage status`');
  }
  return begun;
}

/** Everything that was ever started in this workspace, experiments before their runs, in the order of names. */
export async function listWork(workspace: Workspace): Promise<NamedWork[]> {
  const root = join(workspace.root, 'runs');
  const files = await readdir(root, { recursive: true }).catch(() => []);
  const work: NamedWork[] = [];
  // A folder of histories has an `experiment.json` of its own.
  for (const file of files.filter((name) => !name.includes(`${sep}history${sep}`)).sort()) {
    const path = join(root, file);
    const name = relative(root, join(path, '..')).split(sep).join('/');
    if (file.endsWith(`${sep}experiment.json`)) {
      const { runs } = experimentSchema.parse(await readJsonFile(path));
      work.push({ name, kind: 'experiment', owner: name, runs: runs.map(({ run }) => run) });
    } else if (file.endsWith(`${sep}plan.json`)) {
      const { experiment } = planSchema.parse(await readJsonFile<RunPlan>(path));
      work.push({ name, kind: 'run', owner: experiment ?? name, runs: [name] });
    }
  }
  return work;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
