import { stat } from 'node:fs/promises';
import { glob, isDynamicPattern } from 'tinyglobby';
import { type HubData, hubDataOf, hubFolder, isHubPath } from './hub-data';

const extensions = '{jsonl,ndjson,json,csv,tsv,parquet}';

/**
 * The files that a path names, in order of their names: itself, the data files of a folder, or what a glob matches.
 * @returns the problem where it names none
 */
export async function dataFilesAt(
  path: string,
  datasets: string,
): Promise<readonly string[] | { readonly problem: string }> {
  if (isHubPath(path)) {
    const data = hubDataOf(path);
    return data === null
      ? { problem: 'expected hf://datasets/OWNER/NAME, with @REVISION and a path behind it where wanted' }
      : await hubFiles(data, hubFolder(datasets, data));
  }
  const kind = await stat(path).then(
    (found) => (found.isDirectory() ? 'folder' : 'file'),
    () => null,
  );
  if (kind === 'file') {
    return [path];
  }
  if (kind === 'folder') {
    const files = await filesIn(path);
    return files.length > 0 ? files.sort() : { problem: 'is a folder without data files' };
  }
  if (!isDynamicPattern(path)) {
    return { problem: 'there is no such file' };
  }
  const files = await glob(path, { absolute: true });
  return files.length > 0 ? files.sort() : { problem: 'no file matches' };
}

/** All data files that were downloaded for the path: they are what it names. */
async function hubFiles({ repository, path }: HubData, folder: string) {
  const files = await filesIn(folder);
  return files.length > 0
    ? files.sort()
    : { problem: `the data set ${repository} has no data files${path === '' ? '' : ` at ${path}`} on this machine` };
}

const filesIn = (folder: string) =>
  glob([`**/*.${extensions}`, `**/*.${extensions}.gz`], { cwd: folder, absolute: true });
