import { createReadStream } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { canonicalJson } from '../core/canonical-json';
import { formatProblems, parseConfigFile, type RunPlan } from '../core/config';
import type { FileConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { configuredTask } from '../core/tasks/registry';
import { absentFiles, loadTaskData } from '../store/datasets/task-data';
import { homeOf } from '../store/workspace';
import { bringHubData } from './hub-data';
import { shownPackageFile } from './package-files';
import { withModelPaths } from './student-base';

export interface ConfigFile {
  /** As given on the command line. */
  readonly file: string;
  readonly config: FileConfig;
  readonly runs: readonly RunPlan[];
}

/** @throws TutelageError `usage` with every problem of the file, each with its position */
export async function readConfigFile(file: string, sets: readonly string[]): Promise<ConfigFile> {
  const text = await readConfigText(file).catch((cause: NodeJS.ErrnoException) => {
    throw new TutelageError(
      'usage',
      cause.code === 'ENOENT' ? `there is no file ${file}` : `${file} cannot be read: ${cause.message}`,
      `pass a configuration such as ${shownPackageFile('config/quickstart.yaml')}`,
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
    config: withModelPaths(
      { ...plan.config, task: configuredTask(plan.config.task).withPaths(resolvePath) },
      dirname(file),
    ),
  }));
  await checkData(runs);
  return { file, config: parsed.config, runs };
}

/** A configuration is some kilobytes; it may come through a pipe. */
const configBytesMax = 10 << 20;

async function readConfigText(file: string): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of createReadStream(file)) {
    parts.push(part);
    size += part.length;
    if (size > configBytesMax) {
      throw new Error(`it has more than ${configBytesMax >> 20} MiB`);
    }
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Checks the data of all runs before anything is started or spent. Published files that are not here yet are checked after
 * their download; their source and licence are announced now.
 * @throws TutelageError `usage` with every problem, each with its file and line
 */
async function checkData(runs: readonly RunPlan[]): Promise<void> {
  const datasets = datasetsFolder();
  const distinct = new Map(runs.map(({ config }) => [canonicalJson([config.task, config.seed]), config]));
  const announced = new Set<string>();
  for (const config of distinct.values()) {
    await bringHubData(config, datasets);
    await loadTaskData(config, { datasets, absent: 'leave' });
    for (const { name, url, bytes, license } of await absentFiles(config, datasets)) {
      if (!announced.has(name)) {
        process.stderr.write(`${name} will be downloaded: ${url}, ${(bytes / 1e6).toFixed(1)} MB, ${license}\n`);
        announced.add(name);
      }
    }
  }
}

/** Where published files of this workspace are kept. */
export const datasetsFolder = () => join(resolve(homeOf(process.env)), 'datasets');
