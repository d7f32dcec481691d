import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a line to both streams every 20 ms for half a second, then ends with 7. */
const program = `
  const { muteWhenClosed } = require(${JSON.stringify(join(__dirname, 'closed-output.ts'))});
  muteWhenClosed([process.stdout, process.stderr]);
  const clock = setInterval(() => { process.stdout.write('line\\n'); process.stderr.write('line\\n'); }, 20);
  setTimeout(() => { clearInterval(clock); process.exitCode = 7; }, 500);`;
const node = ['--require', require.resolve('tsx/cjs'), '-e', program];

it('a command outlives the reader of its output', async () => {
  const child = spawn(process.execPath, node, { stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await once(child, 'exit')).toEqual([7, null]);
});

it('a command outlives a full disk under its log', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, node, { stdio: ['ignore', full, full] });
  closeSync(full);
  expect(await once(child, 'exit')).toEqual([7, null]);
});
