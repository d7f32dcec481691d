import { spawnSync } from 'node:child_process';
import { ensurePython } from '../src/setup/python';
import { ensureVllmPython } from '../src/setup/vllm-python';

/** `tsx scripts/with-vllm.ts FILE` runs a file with the engine's own Python, and tells it which one has vLLM. */
async function main(): Promise<void> {
  const onProgress = (message: string) => process.stderr.write(`${message}\n`);
  const [file = ''] = process.argv.slice(2);
  const { python } = await ensurePython({ onProgress });
  const vllmPython = await ensureVllmPython({ onProgress });
  const env = { ...process.env, PYTHONPATH: 'engine' };
  process.exitCode = spawnSync(python, [file, vllmPython], { stdio: 'inherit', env }).status ?? 1;
}

void main();
