import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { RunConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { taskOf } from '../core/tasks/registry';
import { ensurePython } from '../setup/python';
import { type HubData, hubDataOf, hubFolder } from '../store/datasets/hub-data';
import { packageFile } from './package-files';

const run = promisify(execFile);

/**
 * Brings the files that a task names on the Hugging Face hub into the workspace, once. A private data set needs HF_TOKEN.
 * @throws TutelageError `missing` where the hub or the network does not give them
 */
export async function bringHubData(config: Pick<RunConfig, 'task'>, datasets: string): Promise<void> {
  const { files } = taskOf(config.task);
  for (const source of files === null ? [] : [files.train, files.test]) {
    const data = 'path' in source ? hubDataOf(source.path) : null;
    if (data !== null && !(await exists(hubFolder(datasets, data)))) {
      await bring(data, hubFolder(datasets, data));
    }
  }
}

async function bring(data: HubData, folder: string): Promise<void> {
  const { repository, revision, path } = data;
  process.stderr.write(`${repository} is being downloaded from the Hugging Face hub\n`);
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`setting up: ${message}\n`) });
  const partial = `${folder}.part`;
  await mkdir(dirname(folder), { recursive: true });
  try {
    await run(python, [packageFile('engine/fetch_dataset.py'), repository, revision, path, partial]);
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    const reason = stderr.trim().split('\n').at(-1) ?? '';
    throw new TutelageError(
      'missing',
      `the Hugging Face hub did not give ${repository}: ${reason || (cause as Error).message}`,
      `check its name and the network (HF_TOKEN for a private one), or copy its files here and name their folder in task.train`,
      { cause },
    );
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await rename(partial, folder);
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
