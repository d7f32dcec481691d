import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TutelageError } from '../core/errors';
import type { Workspace } from '../store/workspace';
import { exitCodes } from './exit-codes';
import { isRunning } from './run-lock';

/** The first start of a machine sets up Python, which takes minutes; after this it is left to the log. */
const BEGIN_MS_MAX = 600_000;
const LOOK_EVERY_MS = 50;
const LINES_SHOWN = 20;

export const detachedLog = ({ logs }: Workspace, name: string): string => join(logs, `${name}.log`);

/**
 * Starts the command again in a session of its own, which no closed terminal ends, with its output in the workspace's
 * `logs/`. Returns once it has the run and has reached the server; what keeps it from beginning is printed here, with its exit code.
 */
export async function detach(
  workspace: Workspace,
  { name, command, json }: { readonly name: string; readonly command: readonly string[]; readonly json: boolean },
): Promise<number> {
  if (isRunning(workspace, name)) {
    throw new TutelageError('busy', `another process is already running ${name}`, `watch it: tutelage attach ${name}`);
  }
  const log = detachedLog(workspace, name);
  await mkdir(workspace.logs, { recursive: true });
  const logStart = await stat(log).then(
    ({ size }) => size,
    () => 0,
  );
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, ...command], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.unref();
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? exitCodes.failed);
  const deadline = Date.now() + BEGIN_MS_MAX;
  while (!((await exists(workspace.runDirectory(name))) && isRunning(workspace, name)) && Date.now() < deadline) {
    const exitCode = await Promise.race([ended, delay(LOOK_EVERY_MS)]);
    if (exitCode !== undefined) {
      process.stderr.write(await lastLines(log, logStart));
      return exitCode;
    }
  }
  if (json) {
    process.stdout.write(`${JSON.stringify({ event: 'detached', name, pid: child.pid ?? 0, log })}\n`);
  } else {
    process.stderr.write(
      `${name} runs on its own, as process ${child.pid}; closing this terminal does not end it\n` +
        `log: ${log}\nnext: tutelage attach ${name}  (or: tutelage pause ${name}, tutelage stop ${name})\n`,
    );
  }
  return exitCodes.done;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function lastLines(log: string, start: number): Promise<string> {
  const text = (await readFile(log)).subarray(start).toString('utf8').trimEnd();
  return `${text.split('\n').slice(-LINES_SHOWN).join('\n')}\n`;
}
