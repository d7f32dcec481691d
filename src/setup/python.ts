import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isTutelageError, TutelageError } from '../core/errors';
import { checkGivenPython, findBasePython } from './find-python';
import { PackageNotFound } from './install-step';
import {
  type EnvironmentRecipe,
  ensureEnvironment,
  environmentDirectory,
  isReady,
  type OnProgress,
  type PipInstall,
  pythonIn,
} from './virtual-environment';

export interface PythonEnvironment {
  readonly python: string;
  /** Where the environment has its programs, `temporal` among them. */
  readonly binDirectory: string;
}

const CPU_INDEX = 'https://download.pytorch.org/whl/cpu';
const REQUIREMENTS = join(__dirname, '..', '..', 'engine', 'requirements');

/** Which build of torch: PyPI's own for Linux brings gigabytes for NVIDIA GPUs, useless without a driver. */
type TorchBuild = 'cpu' | 'default';

/**
 * The engine's Python: the interpreter that TUTELAGE_PYTHON names, else a virtual environment under the user's cache,
 * made once for each set of locked packages. A later call finds it and starts no process.
 *
 * @param options.onProgress told in a few words what is being done, and for how many seconds.
 * @throws TutelageError `missing` (no suitable Python, no network) or `transient` (disk full, installation failed).
 */
export async function ensurePython(options: { onProgress?: OnProgress } = {}): Promise<PythonEnvironment> {
  const found = await lookForPython();
  return found.ready ?? environmentAt(await ensureEnvironment(found.recipe, options.onProgress ?? (() => {})));
}

/** What is there now: a ready environment, or how to make one. Starts nothing but a given interpreter. */
export async function lookForPython(): Promise<
  { readonly ready: PythonEnvironment } | { readonly ready: null; readonly recipe: EnvironmentRecipe }
> {
  const given = process.env.TUTELAGE_PYTHON;
  if (given !== undefined && given !== '') {
    await checkGivenPython(given);
    return { ready: { python: given, binDirectory: dirname(resolve(given)) } };
  }
  const recipe = await engineRecipe();
  const directory = environmentDirectory(recipe);
  return (await isReady(directory)) ? { ready: environmentAt(directory) } : { ready: null, recipe };
}

const environmentAt = (directory: string): PythonEnvironment => ({
  python: pythonIn(directory),
  binDirectory: join(directory, 'bin'),
});

function torchBuild(): TorchBuild {
  if (process.platform !== 'linux') {
    return 'default';
  }
  return hasNvidiaDriver() ? 'default' : 'cpu';
}

export function hasNvidiaDriver(): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return existsSync('/proc/driver/nvidia') || folders.some((folder) => existsSync(join(folder, 'nvidia-smi')));
}

const lockFile = (name: string) => join(REQUIREMENTS, `${name}.txt`);

/** The locks name every package, so pip resolves nothing; and with hashes, so it installs what was locked or nothing. */
const locked = (name: string) => ['--no-deps', '--require-hashes', '-r', lockFile(name)];

async function engineRecipe(): Promise<EnvironmentRecipe> {
  const build = torchBuild();
  const locks = [lockFile('engine'), lockFile(build === 'cpu' ? 'torch-cpu' : 'torch')];
  return {
    name: 'python',
    key: await Promise.all(locks.map((lock) => readFile(lock, 'utf8'))),
    basePython: async () => {
      refuseIntelMac();
      return findBasePython();
    },
    install: async (pip, steps, python) => {
      await (build === 'cpu' ? installCpuTorch(pip) : pip('installing torch', locked('torch')));
      await pip("installing the engine's packages", locked('engine'));
      // The first import compiles the libraries, which takes a while once; it also shows that they work together.
      await steps.run('trying the packages', python, ['-c', 'import torch, transformers, peft']);
    },
  };
}

/** PyTorch's last release for Intel Macs is 2.2; pip would only say that it finds no torch. */
function refuseIntelMac(): void {
  if (process.platform === 'darwin' && process.arch === 'x64') {
    throw new TutelageError(
      'missing',
      'the student engine needs PyTorch, which has no current release for Intel Macs',
      'run the student on another machine, or name a Python that has torch with TUTELAGE_PYTHON',
    );
  }
}

/** From the sources that the machine is configured with, which may be all it can reach; else from PyTorch's own index. */
export async function installCpuTorch(pip: PipInstall): Promise<void> {
  const title = 'installing torch (CPU build)';
  try {
    return await pip(title, locked('torch-cpu'));
  } catch (error) {
    if (!(error instanceof PackageNotFound)) {
      throw error;
    }
  }
  const host = new URL(CPU_INDEX).host;
  try {
    return await pip(`${title} from ${host}`, ['--index-url', CPU_INDEX, ...locked('torch-cpu')]);
  } catch (error) {
    if (!isTutelageError(error) || error.kind !== 'missing') {
      throw error;
    }
  }
  // Where only PyPI is reachable: slow to download and large, but it runs on a CPU just as well.
  await pip(
    `installing torch (GPU build, about 5 GB on disk, because ${host} has no CPU build for this machine)`,
    locked('torch'),
  );
}
