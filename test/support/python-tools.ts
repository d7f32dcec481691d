import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from '../../src/setup/python';
import { ensureEnvironment, type OnProgress, pythonIn } from '../../src/setup/virtual-environment';

const lock = join(__dirname, '..', '..', 'engine', 'requirements', 'tools.txt');

/**
 * The interpreter that has pytest, ruff and mypy beside everything the engine imports: a small environment of its own
 * that sees the packages of the engine's, so that users' environments hold no contributor's tools.
 */
export async function ensurePythonTools(onProgress: OnProgress): Promise<string> {
  const { python: enginePython } = await ensurePython({ onProgress });
  const directory = await ensureEnvironment(
    {
      name: 'tools',
      key: [readFileSync(lock, 'utf8'), enginePython],
      basePython: async () => enginePython,
      install: async (pip, _steps, python) => {
        await pip('installing pytest, ruff and mypy', ['--no-deps', '--require-hashes', '-r', lock]);
        // A path file is how Python adds a folder to where it looks for packages; those of this environment come first.
        writeFileSync(join(packagesOf(python), 'engine.pth'), `${packagesOf(enginePython)}\n`);
      },
    },
    onProgress,
  );
  return pythonIn(directory);
}

const packagesOf = (python: string) =>
  execFileSync(python, ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'], { encoding: 'utf8' }).trim();
