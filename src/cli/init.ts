import { constants } from 'node:fs';
import { access, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TutelageError } from '../core/errors';
import { exitCodes } from './exit-codes';
import { packageFile } from './package-files';

/** Starter files for a run on your own questions, from the package. */
export const initFolder = packageFile('config/init');
export const initFiles = ['my-run.yaml', 'seeds.jsonl', 'test.jsonl', 'tutelage.schema.json'] as const;

export const initKinds = ['numbers', 'choice', 'labels', 'json', 'open', 'code'] as const;
export type InitKind = (typeof initKinds)[number];

/**
 * The files of the other kinds: their seeds and what else they need. Their task section replaces the one of `my-run.yaml`,
 * and splits off its test set.
 */
const filesOfKind: Readonly<Record<InitKind, readonly string[] | null>> = {
  numbers: null,
  choice: ['seeds.jsonl'],
  labels: ['seeds.csv'],
  json: ['seeds.jsonl'],
  open: ['seeds.csv'],
  code: ['seeds.jsonl', 'check.py'],
};

/**
 * `tutelage init [DIR] --kind KIND`: a commented configuration with the schema that editors check it by, and some
 * questions. Nothing is overwritten.
 */
export async function initCommand(
  directory: string,
  { kind = 'numbers', json }: { readonly kind?: InitKind; readonly json: boolean },
): Promise<number> {
  const own = filesOfKind[kind];
  const names = own === null ? initFiles : ['my-run.yaml', ...own, 'tutelage.schema.json'];
  const paths = names.map((name) => join(directory, name));
  const taken: string[] = [];
  for (const path of paths) {
    if (await exists(path)) {
      taken.push(path);
    }
  }
  if (taken.length > 0) {
    throw new TutelageError(
      'usage',
      `${taken.join(' and ')} already ${taken.length === 1 ? 'exists' : 'exist'}; nothing was written`,
      'choose another folder: tutelage init FOLDER',
    );
  }
  try {
    await mkdir(directory, { recursive: true });
    for (const name of names) {
      const target = join(directory, name);
      if (own !== null && name === 'my-run.yaml') {
        await writeFile(target, await configurationOf(kind), { flag: 'wx' });
      } else {
        await copyFile(
          join(initFolder, own?.includes(name) === true ? kind : '', name),
          target,
          constants.COPYFILE_EXCL,
        );
      }
    }
  } catch (cause) {
    throw new TutelageError(
      'usage',
      `${directory} cannot be written: ${(cause as Error).message}`,
      'make it writable, or choose another folder: tutelage init FOLDER',
      { cause },
    );
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ config: paths[0], written: paths })}\n`);
  } else {
    process.stderr.write(
      `wrote ${paths.join(', ')}\nreplace the questions with your own\nnext: tutelage validate ${paths[0]}\n`,
    );
  }
  return exitCodes.done;
}

/** `my-run.yaml` with another task section. */
async function configurationOf(kind: InitKind): Promise<string> {
  const [whole, task] = await Promise.all([
    readFile(join(initFolder, 'my-run.yaml'), 'utf8'),
    readFile(join(initFolder, kind, 'task.yaml'), 'utf8'),
  ]);
  return whole.replace(/^task:[\s\S]*?(?=^teacher:)/m, () => task);
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
