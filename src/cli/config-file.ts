import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { formatProblems, parseConfigFile, type RunPlan } from '../core/config';
import type { FileConfig } from '../core/config/schema';
import { withTaskPaths } from '../core/config/task-paths';
import { TutelageError } from '../core/errors';
import { absentFiles, loadTaskData } from '../store/datasets/task-data';

export interface ConfigFile {
  /** As it was named on the command line. */
  readonly file: string;
  readonly config: FileConfig;
  readonly runs: readonly RunPlan[];
}

/** @throws TutelageError `usage` with every problem of the file, each at its place */
export async function readConfigFile(file: string, sets: readonly string[]): Promise<ConfigFile> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TutelageError(
      'usage',
      cause.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${cause.message}`,
      'name a configuration such as config/quickstart.yaml',
      { cause },
    );
  });
  const parsed = parseConfigFile({ text, file, sets });
  if (!parsed.ok) {
    throw new TutelageError('usage', formatProblems(parsed.problems));
  }
  const resolvePath = (path: string) => resolve(dirname(file), path);
  const runs = parsed.runs.map((plan) => ({
    ...plan,
    config: { ...plan.config, task: withTaskPaths(plan.config.task, resolvePath) },
  }));
  await checkData(runs);
  return { file, config: parsed.config, runs };
}

/**
 * The data of all runs, before anything is started or spent. Published files that are not here yet are checked when
 * they are; where they come from, and under which licence, is said now.
 * @throws TutelageError `usage` with every problem, each with its file and line
 */
async function checkData(runs: readonly RunPlan[]): Promise<void> {
  const datasets = join(resolve(process.env.TUTELAGE_HOME ?? '.tutelage'), 'datasets');
  const distinct = new Map(runs.map(({ config }) => [canonicalJson([config.task, config.seed]), config]));
  const announced = new Set<string>();
  for (const config of distinct.values()) {
    await loadTaskData(config, { datasets, absent: 'leave' });
    for (const { name, url, bytes, license } of await absentFiles(config, datasets)) {
      if (!announced.has(name)) {
        process.stderr.write(`${name} will be downloaded: ${url}, ${(bytes / 1e6).toFixed(1)} MB, ${license}\n`);
        announced.add(name);
      }
    }
  }
}
