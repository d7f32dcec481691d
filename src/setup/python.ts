import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { withExclusiveLock } from '../processes/exclusive-lock';
import { readJsonFile, writeFileAtomically } from '../store/workspace';
import { checkGivenPython, findBasePython } from './find-python';
import { InstallStep } from './install-step';

export interface PythonEnvironment {
  readonly python: string;
  /** Where the environment has its programs, `temporal` among them. */
  readonly binDirectory: string;
}

const TORCH = '2.13.0';
const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';
const REQUIREMENTS = join(__dirname, '..', '..', 'engine', 'requirements.txt');

/** Which build of torch: PyPI's own for Linux is one of gigabytes for NVIDIA cards, useless without a driver. */
type TorchBuild = 'cpu' | 'default';

/**
 * The engine's Python: the interpreter that TUTELAGE_PYTHON names, else a virtual environment under the user's cache,
 * made once for each set of requirements. A later call finds its marker and starts no process.
 *
 * @param options.onProgress told in a few words what is being done, and for how many seconds.
 * @throws TutelageError `missing` (no fit Python, no network) or `transient` (disk full, installation failed).
 */
export async function ensurePython(
  options: { onProgress?: (message: string) => void } = {},
): Promise<PythonEnvironment> {
  const found = await lookForPython();
  if (found.ready !== null) {
    return found.ready;
  }
  const { build, directory } = found;
  if (!(await isReady(directory))) {
    const onProgress = options.onProgress ?? (() => {});
    await withExclusiveLock(
      `${directory}.lock`,
      async () => {
        // Another process may have made it while this one waited.
        if (!(await isReady(directory))) {
          await install(directory, build, onProgress);
        }
      },
      { onWait: () => onProgress('another process is setting up the Python environment; waiting for it') },
    );
  }
  return environmentAt(directory);
}

/** What is there now: a ready environment, or where one would have to be made. Starts nothing but a given interpreter. */
export async function lookForPython(): Promise<
  | { readonly ready: PythonEnvironment }
  | { readonly ready: null; readonly directory: string; readonly build: TorchBuild }
> {
  const given = process.env.TUTELAGE_PYTHON;
  if (given !== undefined && given !== '') {
    await checkGivenPython(given);
    return { ready: { python: given, binDirectory: dirname(resolve(given)) } };
  }
  const build = torchBuild();
  const directory = await environmentDirectory(build);
  return (await isReady(directory)) ? { ready: environmentAt(directory) } : { ready: null, directory, build };
}

function torchBuild(): TorchBuild {
  if (process.platform !== 'linux') {
    return 'default';
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  const hasDriver =
    existsSync('/proc/driver/nvidia') || folders.some((folder) => existsSync(join(folder, 'nvidia-smi')));
  return hasDriver ? 'default' : 'cpu';
}

async function environmentDirectory(build: TorchBuild): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const hash = createHash('sha256')
    .update(JSON.stringify([await readFile(REQUIREMENTS, 'utf8'), TORCH, build]))
    .digest('hex');
  return join(cache, 'tutelage', `python-${hash.slice(0, 12)}`);
}

const environmentAt = (directory: string): PythonEnvironment => ({
  python: join(directory, 'bin', 'python'),
  binDirectory: join(directory, 'bin'),
});

const markerOf = (directory: string) => join(directory, 'ready.json');

/** The marker is written last, so a killed installation has none; the interpreter's link may dangle after an upgrade. */
async function isReady(directory: string): Promise<boolean> {
  const marker = await readJsonFile(markerOf(directory)).catch(() => null);
  return marker !== null && existsSync(environmentAt(directory).python);
}

async function install(directory: string, build: TorchBuild, onProgress: (message: string) => void): Promise<void> {
  const base = await findBasePython();
  await rm(directory, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true });
  const { python } = environmentAt(directory);
  const steps = new InstallStep(`${directory}.log`, onProgress);
  const pip = (title: string, args: string[]) =>
    steps.run(title, python, ['-m', 'pip', 'install', ...PIP_OPTIONS, ...args]);

  await steps.run(`making a Python environment with ${base}`, base, ['-m', 'venv', directory]);
  await installTorch(build, pip);
  await pip("installing the engine's packages", ['-r', REQUIREMENTS]);
  // The first import compiles the libraries, which takes a while once; it also shows that they work together.
  await steps.run('trying the packages', python, ['-c', 'import torch, transformers, peft']);
  await writeFileAtomically(markerOf(directory), `${JSON.stringify({ torch: TORCH, build, base })}\n`);
}

/** Compiling everything that pip brings takes longer than what is ever imported is worth. */
const PIP_OPTIONS = [
  '--no-input',
  '--disable-pip-version-check',
  '--progress-bar',
  'off',
  '--retries',
  '2',
  '--no-compile',
];

async function installTorch(build: TorchBuild, pip: (title: string, args: string[]) => Promise<void>): Promise<void> {
  if (build === 'default') {
    return pip(`installing torch ${TORCH}`, [`torch==${TORCH}`]);
  }
  const title = `installing torch ${TORCH} (CPU build)`;
  try {
    // The sources that the machine is configured with come first: they may be all that it can reach.
    await pip(title, [`torch==${TORCH}+cpu`]);
  } catch (error) {
    if (!/no configured source has/.test((error as Error).message)) {
      throw error;
    }
    await pip(`${title} from ${new URL(CPU_INDEX).host}`, ['--index-url', CPU_INDEX, `torch==${TORCH}`]);
  }
}
