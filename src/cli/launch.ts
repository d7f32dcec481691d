import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { configDifference, type RunPlan, resolvedYaml } from '../core/config';
import { type BudgetConfig, runConfigSchema } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { readJsonFile, type Workspace, writeFileAtomically } from '../store/workspace';
import type { ConfigFile } from './config-file';

/** What one file stands for in this workspace. */
export interface Launch {
  /** The experiment's name, or the single run's. */
  readonly name: string;
  /** What can be typed when it is complete. */
  readonly next: string;
  readonly isExperiment: boolean;
  readonly plans: readonly LaunchPlan[];
  readonly parallelRuns: number;
}

/** A run with the caps of its experiment, which every run must know before it asks the teacher for anything. */
export interface LaunchPlan extends RunPlan {
  readonly experimentBudget?: Omit<BudgetConfig, 'on_exhausted'> | undefined;
}

/**
 * Finds what the file's name stands for: the runs of that name, if their configuration is the same; else a refusal that
 * shows the difference, or, where that is asked for, a new generation (`name~2`) beside the old one, which is kept.
 */
export async function findLaunch(workspace: Workspace, configFile: ConfigFile, startAfresh: boolean): Promise<Launch> {
  const latest = await latestGeneration(workspace, configFile.config.name);
  return startAfresh ? launchOf(configFile, latest + 1) : asBegun(workspace, launchOf(configFile, Math.max(1, latest)));
}

/** Writes down what was asked for, so that everything later can be compared with it. */
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

/** What an experiment hands back at its end: the runs that failed, for the report. A single run hands back no such list. */
export async function storeFailures(
  workspace: Workspace,
  launch: Launch,
  result: { readonly failed?: readonly { readonly run: string; readonly reason: string }[] },
): Promise<void> {
  if (launch.isExperiment) {
    const path = join(workspace.runDirectory(launch.name), 'failures.json');
    await writeFileAtomically(path, `${JSON.stringify(result.failed ?? [], null, 2)}\n`);
  }
}

function launchOf({ file, config, runs }: ConfigFile, generation: number): Launch {
  const name = generationName(config.name, generation);
  const rename = (old: string) => name + old.slice(config.name.length);
  return {
    name,
    next: `tutelage run ${file} --new --set KEY=VALUE  (a changed run, beside this one)`,
    isExperiment: runs[0]?.experiment !== null,
    plans: runs.map((plan) => ({
      ...plan,
      run: rename(plan.run),
      experiment: plan.experiment === null ? null : name,
      experimentBudget: config.experiment_budget,
    })),
    parallelRuns: config.parallel_runs,
  };
}

const generationName = (name: string, generation: number) => (generation === 1 ? name : `${name}~${generation}`);

/** 0 where the name is new. */
async function latestGeneration(workspace: Workspace, name: string): Promise<number> {
  let generation = 0;
  while (await exists(workspace.runDirectory(generationName(name, generation + 1)))) {
    generation += 1;
  }
  return generation;
}

/** Runs that are begun go on with what they were begun with, which an older version may have written. */
async function asBegun(workspace: Workspace, launch: Launch): Promise<Launch> {
  const plans = launch.plans.map(async (plan) => {
    const stored = await readJsonFile<LaunchPlan>(join(workspace.runDirectory(plan.run), 'plan.json'));
    if (stored !== null) {
      refuseChanged(plan, stored);
    }
    return stored ?? plan;
  });
  return { ...launch, plans: await Promise.all(plans) };
}

function refuseChanged({ run, config }: LaunchPlan, stored: LaunchPlan): void {
  // A key that the version before did not know has its default, which is what that version did.
  const known = runConfigSchema.safeParse(stored.config);
  const changes = configDifference(known.success ? known.data : stored.config, config);
  if (changes.length > 0) {
    const lines = changes.map(
      ({ path, before, after }) => `  ${path}: was ${JSON.stringify(before)}, is ${JSON.stringify(after)}`,
    );
    throw new TutelageError(
      'usage',
      `${run} was started with another configuration:\n${lines.join('\n')}`,
      'set the values back to go on with that run, or start afresh beside it with --new',
    );
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
