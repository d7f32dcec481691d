import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Wanted {
  readonly step: string;
  readonly iteration?: number;
  /** `start` or `end`; the former where it is left out. */
  readonly message?: string;
  /** Not what was logged before, in milliseconds since 1970. */
  readonly sinceMs?: number;
}

/**
 * Whether a process with this workspace has logged that a step of the run began, or ended. What a command prints can
 * skip a step that took a moment; the log has all of them.
 */
export function hasLogged(
  workspace: string,
  run: string,
  { step, iteration, message = 'start', sinceMs = 0 }: Wanted,
): boolean {
  const log = join(workspace, 'runs', run, 'log.jsonl');
  if (!existsSync(log)) {
    return false;
  }
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
  return lines.some((text) => {
    const logged = JSON.parse(text) as { at: string; step: string; iteration?: number; message: string };
    return (
      logged.step === step &&
      (iteration === undefined || logged.iteration === iteration) &&
      logged.message === message &&
      Date.parse(logged.at) >= sinceMs
    );
  });
}
