import { readFile } from 'node:fs/promises';
import { formatProblems, parseConfigFile, type RunPlan } from '../core/config';
import type { FileConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';

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
  return { file, config: parsed.config, runs: parsed.runs };
}
