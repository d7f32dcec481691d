import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { plural } from '../../analysis/phrases';
import { findBasePython } from '../../setup/find-python';
import { visibleGpus } from '../../student';
import type { DoctorCheck } from './check';

const run = promisify(execFile);

export const nodeCheck: DoctorCheck = {
  name: 'node',
  inspect: async () => {
    const text = await readFile(join(__dirname, '..', '..', '..', 'package.json'), 'utf8');
    const { engines } = JSON.parse(text) as { engines: { node: string } };
    const least = engines.node.replace('>=', '');
    const detail = process.versions.node;
    return isAtLeast(detail, least) ? { detail } : { detail, fix: `use Node ${least} or later` };
  },
};

export const pythonCheck: DoctorCheck = {
  name: 'python',
  inspect: async ({ python }) => {
    if (python instanceof Error) {
      throw python;
    }
    if (python === null) {
      return { detail: `${await findBasePython()}; the first run creates the engine's environment` };
    }
    const { stdout } = await run(python.python, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
    return { detail: `${stdout.trim()} (${python.python})` };
  },
};

/** Importing torch is the only way to notice a broken build. For the others the version is enough, and takes no time. */
const libraries = `
import json, torch
from importlib.metadata import version
print(json.dumps({"torch": torch.__version__, "transformers": version("transformers"), "peft": version("peft")}))`;

export const torchCheck: DoctorCheck = {
  name: 'torch',
  inspect: async ({ python }) => {
    if (python === null || python instanceof Error) {
      return { detail: python === null ? "comes with the engine's environment" : 'not checked without Python' };
    }
    const { stdout } = await run(python.python, ['-c', libraries], { timeout: 180_000 });
    const versions = Object.entries(JSON.parse(stdout) as Record<string, string>);
    return { detail: versions.map(([name, version]) => `${name} ${version}`).join(', ') };
  },
};

const gpuMemory = `
import json, torch
gpu = None
if torch.cuda.is_available():
    free, total = torch.cuda.mem_get_info()
    gpu = "%s, %.0f of %.0f GiB free" % (torch.cuda.get_device_name(), free / 2**30, total / 2**30)
print(json.dumps(gpu))`;

export const gpuCheck: DoctorCheck = {
  name: 'gpu',
  inspect: async ({ python, environment }) => {
    const gpus = visibleGpus(environment);
    if (gpus.length === 0) {
      return { detail: 'none available to the engine; students are trained on the CPU' };
    }
    const count = plural(gpus.length, 'GPU');
    if (python === null || python instanceof Error) {
      return { detail: count };
    }
    const { stdout } = await run(python.python, ['-c', gpuMemory], { timeout: 180_000 });
    const seen = JSON.parse(stdout) as string | null;
    return seen === null
      ? {
          detail: `${count}, but the engine's torch does not see ${gpus.length === 1 ? 'it' : 'them'}`,
          fix: `check the driver with nvidia-smi; if torch is a CPU build, delete ${dirname(python.binDirectory)} and the next run installs it again`,
        }
      : { detail: `${count}: ${seen}` };
  },
};

/** With less than this a run soon fails: models, checkpoints and the server's database grow as it works. */
const FREE_GIB_MIN = 2;

export const diskCheck: DoctorCheck = {
  name: 'disk',
  inspect: async ({ workspace }) => {
    const { bavail, bsize, path } = await statfsOfNearest(workspace.root);
    const gib = (bavail * bsize) / 2 ** 30;
    const detail = `${gib.toFixed(1)} GiB free under ${path}`;
    return gib < FREE_GIB_MIN
      ? { detail, fix: `free at least ${FREE_GIB_MIN} GiB, or set TUTELAGE_HOME to a folder on another disk` }
      : { detail };
  },
};

/** Of the folder, or of its nearest parent that exists. */
async function statfsOfNearest(path: string): Promise<{ bavail: number; bsize: number; path: string }> {
  try {
    const { bavail, bsize } = await statfs(path);
    return { bavail, bsize, path };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path) {
      return statfsOfNearest(dirname(path));
    }
    throw error;
  }
}

function isAtLeast(version: string, least: string): boolean {
  const [have, need] = [version, least].map((text) => text.split('.').map(Number));
  const differing = need?.findIndex((part, index) => part !== have?.[index]) ?? -1;
  return differing === -1 || (have?.[differing] ?? 0) > (need?.[differing] ?? 0);
}
