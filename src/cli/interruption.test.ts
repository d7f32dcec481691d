import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Says when it is ready, then waits for an interruption or for two seconds. */
const program = `
  const { interruption } = require(${JSON.stringify(join(__dirname, 'interruption.ts'))});
  void interruption().asked.then(() => process.exit(5));
  process.stdout.write('ready');
  setTimeout(() => process.exit(6), 2000);`;

/** The program's streams are pipes, so it has no terminal. */
async function exitCodeAfter(signal: NodeJS.Signals): Promise<number | null> {
  const child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  child.kill(signal);
  const [exitCode] = await once(child, 'exit');
  return exitCode;
}

it.each([
  ['SIGINT', 5],
  ['SIGTERM', 5],
  ['SIGHUP', 6],
] as const)('without a terminal, as under nohup, %s ends with %i', async (signal, exitCode) => {
  expect(await exitCodeAfter(signal)).toBe(exitCode);
});
