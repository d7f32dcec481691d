import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { withExclusiveLock } from '../processes/exclusive-lock';
import { readJsonFile, writeFileAtomically } from '../store/workspace';
import { InstallStep } from './install-step';

/** What one virtual environment under the user's cache holds, and how it is made. */
export interface EnvironmentRecipe {
  /** The first part of the folder's name. */
  readonly name: string;
  /** Everything that decides what the environment holds: a different key is a different environment. */
  readonly key: readonly string[];
  /** The interpreter to make it with. */
  readonly basePython: () => Promise<string>;
  /** Installs the packages, and checks that they work together. */
  readonly install: (pip: PipInstall, steps: InstallStep, python: string) => Promise<void>;
}

/** `pip install` in the new environment, with a title for the progress message. */
export type PipInstall = (title: string, args: readonly string[]) => Promise<void>;

export type OnProgress = (message: string) => void;

const PIP_OPTIONS = [
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar',
  'off',
  '--retries',
  '2',
  // Most modules are never imported; the few that are compile at their first import.
  '--no-compile',
];

/** The environment's folder. Whether it is ready is a different question. */
export function environmentDirectory({ name, key }: Pick<EnvironmentRecipe, 'name' | 'key'>): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex');
  return join(cache, 'tutelage', `${name}-${hash.slice(0, 12)}`);
}

export const pythonIn = (directory: string) => join(directory, 'bin', 'python');

const markerOf = (directory: string) => join(directory, 'ready.json');

/** The marker is written last, so a killed installation has none; the interpreter's link may dangle after an upgrade. */
export async function isReady(directory: string): Promise<boolean> {
  const marker = await readJsonFile(markerOf(directory)).catch(() => null);
  return marker !== null && existsSync(pythonIn(directory));
}

/**
 * Makes the environment once, however many processes ask for it at the same time.
 *
 * @returns its folder.
 * @throws TutelageError `missing` (no suitable Python, no network) or `transient` (disk full, installation failed).
 */
export async function ensureEnvironment(recipe: EnvironmentRecipe, onProgress: OnProgress): Promise<string> {
  const directory = environmentDirectory(recipe);
  if (!(await isReady(directory))) {
    await withExclusiveLock(
      `${directory}.lock`,
      async () => {
        // Another process may have made it while this one waited.
        if (!(await isReady(directory))) {
          await make(directory, recipe, onProgress);
        }
      },
      { onWait: () => onProgress('another process is setting up the Python environment; waiting for it') },
    );
  }
  return directory;
}

async function make(directory: string, recipe: EnvironmentRecipe, onProgress: OnProgress): Promise<void> {
  const base = await recipe.basePython();
  await rm(directory, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  const python = pythonIn(directory);
  const steps = new InstallStep(`${directory}.log`, onProgress);
  await steps.run(`making a Python environment with ${base}`, base, ['-m', 'venv', directory]);
  const pip: PipInstall = (title, args) => steps.run(title, python, ['-m', 'pip', 'install', ...PIP_OPTIONS, ...args]);
  await recipe.install(pip, steps, python);
  await writeFileAtomically(markerOf(directory), `${JSON.stringify({ base })}\n`);
}
