import { spawnSync } from 'node:child_process';
import { ensurePython } from '../src/setup/python';
import { ensurePythonTools } from '../test/support/python-tools';

/**
 * `tsx scripts/with-python.ts ARGUMENTS` runs the engine's own Python, set up as for a run.
 * `tsx scripts/with-python.ts --tools ARGUMENTS` runs the one that also has pytest, ruff and mypy.
 */
async function main(): Promise<void> {
  const onProgress = (message: string) => process.stderr.write(`${message}\n`);
  const [first, ...rest] = process.argv.slice(2);
  const isForTools = first === '--tools';
  const python = isForTools ? await ensurePythonTools(onProgress) : (await ensurePython({ onProgress })).python;
  const { status } = spawnSync(python, isForTools ? rest : process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

void main();
