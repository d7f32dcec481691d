import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace';

/** One line of `runs/<run>/log.jsonl`: what a person should know of a run and what does not stop it. */
export interface RunLogLine {
  readonly level: 'warn';
  /** The step that says it: `predict`, `finetune`, ... */
  readonly step: string;
  readonly message: string;
}

/** Appends to the run's log. A step that is repeated says it again. */
export async function appendRunLog(workspace: Workspace, run: string, lines: readonly RunLogLine[]): Promise<void> {
  if (lines.length === 0) {
    return;
  }
  const directory = workspace.runDirectory(run);
  await mkdir(directory, { recursive: true });
  const at = new Date().toISOString();
  const text = lines.map((line) => `${JSON.stringify({ at, ...line })}\n`).join('');
  await appendFile(join(directory, 'log.jsonl'), text);
}
