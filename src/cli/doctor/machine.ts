import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findBasePython } from '../../setup/find-python';
import { visibleCards } from '../../student';
import type { Check } from './check';

const run = promisify(execFile);

export const nodeCheck: Check = {
  name: 'node',
  look: async () => {
    const text = await readFile(join(__dirname, '..', '..', '..', 'package.json'), 'utf8');
    const { engines } = JSON.parse(text) as { engines: { node: string } };
    const least = engines.node.replace('>=', '');
    const found = process.versions.node;
    return isAtLeast(found, least) ? { found } : { found, todo: `use Node ${least} or later` };
  },
};

export const pythonCheck: Check = {
  name: 'python',
  look: async ({ python }) => {
    if (python instanceof Error) {
      throw python;
    }
    if (python === null) {
      return { found: `${await findBasePython()}; the engine's environment is made by the first run` };
    }
    const { stdout } = await run(python.python, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
    return { found: `${stdout.trim()} (${python.python})` };
  },
};

/** torch is loaded, since a broken build shows only then; of the others the versions will do, and take no seconds. */
const libraries = `
import json, torch
from importlib.metadata import version
print(json.dumps({"torch": torch.__version__, "transformers": version("transformers"), "peft": version("peft")}))`;

export const torchCheck: Check = {
  name: 'torch',
  look: async ({ python }) => {
    if (python === null || python instanceof Error) {
      return { found: python === null ? "comes with the engine's environment" : 'not looked at without Python' };
    }
    const { stdout } = await run(python.python, ['-c', libraries], { timeout: 180_000 });
    const versions = Object.entries(JSON.parse(stdout) as Record<string, string>);
    return { found: versions.map(([name, version]) => `${name} ${version}`).join(', ') };
  },
};

const card = `
import json, torch
card = None
if torch.cuda.is_available():
    free, total = torch.cuda.mem_get_info()
    card = "%s, %.0f of %.0f GiB free" % (torch.cuda.get_device_name(), free / 2**30, total / 2**30)
print(json.dumps(card))`;

export const gpuCheck: Check = {
  name: 'gpu',
  look: async ({ python, environment }) => {
    const cards = visibleCards(environment);
    if (cards.length === 0) {
      return { found: 'none that engines may use; students are trained on the CPU' };
    }
    const count = cards.length === 1 ? 'one card' : `${cards.length} cards`;
    if (python === null || python instanceof Error) {
      return { found: count };
    }
    const { stdout } = await run(python.python, ['-c', card], { timeout: 180_000 });
    const seen = JSON.parse(stdout) as string | null;
    return seen === null
      ? {
          found: `${count}, which the engine's torch does not see`,
          todo: `check the driver with nvidia-smi; if torch is a build for the CPU, remove ${dirname(python.binDirectory)} and the next run makes it anew`,
        }
      : { found: `${count}: ${seen}` };
  },
};

/** Below this a run soon stops: models, checkpoints and the server's database grow with it. */
const FREE_GIB_MIN = 2;

export const diskCheck: Check = {
  name: 'disk',
  look: async ({ workspace }) => {
    const { bavail, bsize, path } = await statfsOfNearest(workspace.root);
    const gib = (bavail * bsize) / 2 ** 30;
    const found = `${gib.toFixed(1)} GiB free under ${path}`;
    return gib < FREE_GIB_MIN
      ? { found, todo: `free some space, or name another folder with TUTELAGE_HOME; ${FREE_GIB_MIN} GiB are little` }
      : { found };
  },
};

/** Of the folder, or of the one in which it would be made. */
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
  const place = need?.findIndex((part, index) => part !== have?.[index]) ?? -1;
  return place === -1 || (have?.[place] ?? 0) > (need?.[place] ?? 0);
}
