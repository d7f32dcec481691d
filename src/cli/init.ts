import { constants } from 'node:fs';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { exitCodes } from './exit-codes';

/** What a run on one's own questions begins with: the package's files, copied as they are. */
export const initFolder = join(__dirname, '..', '..', 'config', 'init');
export const initFiles = ['my-run.yaml', 'seeds.jsonl', 'test.jsonl'] as const;

/** `tutelage init [DIR]`: a commented configuration, twenty seeds and a few test questions. Nothing is overwritten. */
export async function initCommand(directory: string, options: { readonly json: boolean }): Promise<number> {
  const paths = initFiles.map((name) => join(directory, name));
  const taken: string[] = [];
  for (const path of paths) {
    if (await exists(path)) {
      taken.push(path);
    }
  }
  if (taken.length > 0) {
    throw new TutelageError(
      'usage',
      `${taken.join(' and ')} ${taken.length === 1 ? 'is' : 'are'} there already; nothing was written`,
      'name another folder: tutelage init FOLDER',
    );
  }
  try {
    await mkdir(directory, { recursive: true });
    for (const name of initFiles) {
      await copyFile(join(initFolder, name), join(directory, name), constants.COPYFILE_EXCL);
    }
  } catch (cause) {
    throw new TutelageError(
      'usage',
      `${directory} cannot be written: ${(cause as Error).message}`,
      'make it writable, or name another folder: tutelage init FOLDER',
      { cause },
    );
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ config: paths[0], written: paths })}\n`);
  } else {
    process.stderr.write(
      `wrote ${paths.join(', ')}\nput your own questions in their place, then\nnext: tutelage validate ${paths[0]}\n`,
    );
  }
  return exitCodes.done;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
