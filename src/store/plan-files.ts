import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileDigest } from '../core/config/run-plan';
import type { RunConfig } from '../core/config/schema';
import { taskOf } from '../core/tasks/registry';
import { hashFile } from './artifacts/whole-files';
import { dataFilesAt } from './datasets/data-files';

export type FileDigests = Readonly<Record<string, FileDigest>>;

/**
 * What every file that a configuration names holds: data files, the user's own programs, and models that are folders here. Published files are
 * pinned by their own hashes.
 *
 * @param datasets where data sets of the hub were downloaded to
 * @param known digests of earlier; a file that was not written to since is not read again (models have many gigabytes)
 */
export async function digestsOfFiles(
  config: RunConfig,
  { datasets, known = {} }: { readonly datasets: string; readonly known?: FileDigests },
): Promise<FileDigests> {
  const digests: Record<string, FileDigest> = {};
  for (const path of await filesNamedBy(config, datasets)) {
    const { size, ctimeMs } = await stat(path);
    const earlier = known[path];
    const isUntouched = earlier?.bytes === size && earlier.changedMs === ctimeMs;
    digests[path] = isUntouched ? earlier : { sha256: await hashFile(path), bytes: size, changedMs: ctimeMs };
  }
  return digests;
}

async function filesNamedBy({ task, student, reward_model }: RunConfig, datasets: string): Promise<string[]> {
  const { files, code = [] } = taskOf(task);
  const paths = await existingFiles(code);
  for (const source of files === null ? [] : [files.train, files.test]) {
    const found = 'path' in source ? await dataFilesAt(source.path, datasets) : [];
    paths.push(...('problem' in found ? [] : found));
  }
  for (const base of [student.base, ...(reward_model === undefined ? [] : [reward_model.base])]) {
    paths.push(...(base === 'tiny' ? [] : await filesIn(base)));
  }
  return [...new Set(paths)].sort();
}

/** Directly in a folder, as a model's files are; none where it is a hub id. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return existingFiles(entries.map(({ name }) => join(folder, name)));
}

async function existingFiles(paths: readonly string[]): Promise<string[]> {
  const kinds = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
  return paths.filter((_, index) => kinds[index]?.isFile());
}

/** One line for each file that is not as it was; none where the earlier plan is of a version without digests. */
export function changedFiles(before: FileDigests | undefined, after: FileDigests): string[] {
  if (before === undefined) {
    return [];
  }
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((path) => {
    const [was, is] = [before[path], after[path]];
    if (was?.sha256 === is?.sha256) {
      return [];
    }
    return was === undefined || is === undefined
      ? [`${path}: ${is === undefined ? 'was there, and is not any more' : 'was not there'}`]
      : [
          `${path}: its content was sha256 ${was.sha256.slice(0, 12)} (${was.bytes} bytes), is ${is.sha256.slice(0, 12)} (${is.bytes} bytes)`,
        ];
  });
}
