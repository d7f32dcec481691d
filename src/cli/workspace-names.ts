import { access, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import { messageOf, TutelageError } from '../core/errors';
import { readJsonFile, type Workspace } from '../store/workspace';

/** The run or experiment that a name on the command line refers to. */
export interface NamedWork {
  readonly name: string;
  readonly kind: 'run' | 'experiment';
  /** The name that a process locks while it runs: the experiment's for its runs. */
  readonly owner: string;
  /** The run itself, or those of the experiment in their order. */
  readonly runs: readonly string[];
  /** Why its file cannot be read; the others of the workspace are shown all the same. */
  readonly damage?: TutelageError;
}

const experimentSchema = z.object({ runs: z.array(z.object({ run: z.string() })) });
const planSchema = z.object({ experiment: z.string().nullable() });

/** @throws TutelageError `usage` if nothing has that name, with the names that exist */
export async function findWork(workspace: Workspace, name: string): Promise<NamedWork> {
  const all = await listWork(workspace);
  const exact = all.find((work) => work.name === name);
  if (exact !== undefined) {
    if (exact.damage !== undefined) {
      throw exact.damage;
    }
    return exact;
  }
  const known = all.map((work) => work.name);
  throw new TutelageError(
    'usage',
    `there is no run or experiment ${JSON.stringify(name)} in ${workspace.root}`,
    known.length === 0 ? 'start one with `tutelage run FILE`' : `choose from: ${known.slice(0, 20).join(', ')}`,
  );
}

/** The runs of a name that have a record, in order. @throws TutelageError `usage` if none has */
export async function begunRuns(workspace: Workspace, name: string): Promise<string[]> {
  const { runs } = await findWork(workspace, name);
  const begun: string[] = [];
  for (const run of runs) {
    if (await exists(join(workspace.runDirectory(run), 'run.json'))) {
      begun.push(run);
    }
  }
  if (begun.length === 0) {
    throw new TutelageError('usage', `${name} has no results yet`, 'see its progress with `tutelage status`');
  }
  return begun;
}

/** Everything that was ever started in this workspace, by name, experiments before their runs. */
export async function listWork(workspace: Workspace): Promise<NamedWork[]> {
  const root = join(workspace.root, 'runs');
  const files = await readdir(root, { recursive: true }).catch(() => []);
  const work: NamedWork[] = [];
  // A history folder has an `experiment.json` too.
  for (const file of files.filter((name) => !name.includes(`${sep}history${sep}`)).sort()) {
    const path = join(root, file);
    const name = relative(root, join(path, '..')).split(sep).join('/');
    if (file.endsWith(`${sep}experiment.json`)) {
      work.push(await experimentAt(path, name));
    } else if (file.endsWith(`${sep}plan.json`)) {
      work.push(await runAt(path, name));
    }
  }
  return work;
}

async function experimentAt(path: string, name: string): Promise<NamedWork> {
  const { data, damage } = await readAs(experimentSchema, path);
  const runs = data?.runs.map(({ run }) => run) ?? [];
  return { name, kind: 'experiment', owner: name, runs, ...(damage && { damage }) };
}

async function runAt(path: string, name: string): Promise<NamedWork> {
  const { data, damage } = await readAs(planSchema, path);
  return { name, kind: 'run', owner: data?.experiment ?? name, runs: damage ? [] : [name], ...(damage && { damage }) };
}

/** A file that a full disk or a crash of the machine has cut off is told, and hides nothing else. */
async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<{ data?: T; damage?: TutelageError }> {
  try {
    return { data: schema.parse(await readJsonFile(path)) };
  } catch (cause) {
    const hint = 'restore the file from a backup, or remove it: the command that started the run writes it again';
    return { damage: new TutelageError('damaged', `${path} cannot be read (${problemOf(cause)})`, hint, { cause }) };
  }
}

const problemOf = (cause: unknown) =>
  cause instanceof z.ZodError ? 'it does not hold what it should' : messageOf(cause);

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
