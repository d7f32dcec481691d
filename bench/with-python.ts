import { spawnSync } from 'node:child_process';
import { ensurePython } from '../src/setup/python';

/** `tsx bench/with-python.ts SCRIPT [ARGUMENTS]`: runs a script with the engine's own Python, set up as for a run. */
async function main(): Promise<void> {
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`${message}\n`) });
  const { status } = spawnSync(python, process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

void main();
