import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { configDifference, type RunPlan, resolvedYaml } from '../core/config';
import { runConfigSchema } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { changedFiles, digestsOfFiles, type FileDigests } from '../store/plan-files';
import { readStoredPlan } from '../store/stored-plan';
import { type Workspace, writeFileAtomically } from '../store/workspace';
import type { ConfigFile } from './config-file';

/** The runs of one file in this workspace. */
export interface Launch {
  /** The experiment's name, or the single run's. */
  readonly name: string;
  /** The command to suggest when they are complete. */
  readonly next: string;
  readonly isExperiment: boolean;
  readonly plans: readonly RunPlan[];
  readonly parallelRuns: number;
  /** The environment variable with the address that is told what becomes of the runs. */
  readonly notifyUrlEnv?: string;
}

/**
 * Finds the runs of the file's name. If their configuration differs, refuses and shows the difference; with `--new` adds a
 * new generation (`name~2`) beside the old one, which is kept.
 */
export async function findLaunch(workspace: Workspace, configFile: ConfigFile, isNew: boolean): Promise<Launch> {
  const latest = await latestGeneration(workspace, configFile.config.name);
  return asStarted(workspace, launchOf(configFile, isNew ? latest + 1 : Math.max(1, latest)));
}

/** Stores the plans, so that everything later can be compared with them. */
export async function storeLaunch(workspace: Workspace, launch: Launch): Promise<void> {
  for (const plan of launch.plans) {
    const directory = workspace.runDirectory(plan.run);
    await writeFileAtomically(join(directory, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    await writeFileAtomically(join(directory, 'resolved.yaml'), resolvedYaml(plan));
  }
  if (launch.isExperiment) {
    const runs = launch.plans.map(({ run, labels }) => ({ run, labels }));
    await writeFileAtomically(
      join(workspace.runDirectory(launch.name), 'experiment.json'),
      `${JSON.stringify({ experiment: launch.name, runs }, null, 2)}\n`,
    );
  }
}

function launchOf({ file, config, runs }: ConfigFile, generation: number): Launch {
  const name = generationName(config.name, generation);
  const rename = (old: string) => name + old.slice(config.name.length);
  return {
    name,
    next: `tutelage run ${file} --new --set KEY=VALUE  (another run beside this one)`,
    isExperiment: runs[0]?.experiment !== null,
    plans: runs.map((plan) => ({
      ...plan,
      run: rename(plan.run),
      experiment: plan.experiment === null ? null : name,
    })),
    parallelRuns: config.parallel_runs,
    ...(config.notify === undefined ? {} : { notifyUrlEnv: config.notify.url_env }),
  };
}

const generationName = (name: string, generation: number) => (generation === 1 ? name : `${name}~${generation}`);

/** 0 if the name is new. */
async function latestGeneration(workspace: Workspace, name: string): Promise<number> {
  let generation = 0;
  while (await exists(workspace.runDirectory(generationName(name, generation + 1)))) {
    generation += 1;
  }
  return generation;
}

/** Runs that have started keep their stored plan, which an older version may have written. */
async function asStarted(workspace: Workspace, launch: Launch): Promise<Launch> {
  const plans: RunPlan[] = [];
  // Runs of one file share their data.
  let known: FileDigests = {};
  for (const plan of launch.plans) {
    const stored = await readStoredPlan(workspace, plan.run);
    const files = await digestsOfFiles(plan.config, {
      datasets: join(workspace.root, 'datasets'),
      known: { ...stored?.files, ...known },
    });
    known = { ...known, ...files };
    if (stored !== null) {
      refuseChanged({ ...plan, files }, stored);
    }
    plans.push(stored ?? { ...plan, ...(Object.keys(files).length === 0 ? {} : { files }) });
  }
  return { ...launch, plans };
}

function refuseChanged({ run, config, files = {} }: RunPlan, stored: RunPlan): void {
  // A key that an older version did not know gets its default, which is what that version did.
  const known = runConfigSchema.safeParse(stored.config);
  // Of a module that was edited, the line of its file says so.
  const changes = configDifference(known.success ? known.data : stored.config, config).filter(
    ({ path }) => path !== 'task.sha256',
  );
  const lines = [
    ...changes.map(
      ({ path, before, after }) => `  ${path}: was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`,
    ),
    ...changedFiles(stored.files, files).map((line) => `  ${line}`),
  ];
  if (lines.length > 0) {
    const what = changes.length > 0 ? 'a different configuration' : 'files that hold something else now';
    throw new TutelageError(
      'usage',
      `${run} was started with ${what}:\n${lines.join('\n')}`,
      'restore these to resume that run, or start another one beside it with --new',
    );
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
