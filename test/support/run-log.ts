import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether a process with this workspace has logged that it began a step of the run, or what `message` says of it. What
 * a command prints can skip a step that took a moment; the log has all of them.
 */
export function hasLogged(
  workspace: string,
  run: string,
  wanted: { step: string; iteration: number; message?: string },
): boolean {
  const log = join(workspace, 'runs', run, 'log.jsonl');
  if (!existsSync(log)) {
    return false;
  }
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
  return lines.some((text) => {
    const { step, iteration, message } = JSON.parse(text) as { step: string; iteration?: number; message: string };
    return step === wanted.step && iteration === wanted.iteration && message === (wanted.message ?? 'start');
  });
}
