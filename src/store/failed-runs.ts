import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJsonFile, type Workspace, writeFileAtomically } from './workspace';

/** `failure.json`: why a run failed when it last ran. Absent for a run that never failed or was started again since. */
const runFailureSchema = z.object({
  reason: z.string(),
  atMs: z.number(),
});

export type RunFailure = z.output<typeof runFailureSchema>;

const fileOf = (workspace: Workspace, run: string) => join(workspace.runDirectory(run), 'failure.json');

/** @returns `null` if the run did not fail, or the file is damaged: a failure is told, never needed */
export async function readRunFailure(workspace: Workspace, run: string): Promise<RunFailure | null> {
  const parsed = runFailureSchema.safeParse(await readJsonFile(fileOf(workspace, run)).catch(() => null));
  return parsed.success ? parsed.data : null;
}

export async function storeRunFailure(workspace: Workspace, run: string, reason: string): Promise<void> {
  const failure: RunFailure = { reason, atMs: Date.now() };
  await writeFileAtomically(fileOf(workspace, run), `${JSON.stringify(failure, null, 2)}\n`);
}

export const clearRunFailure = (workspace: Workspace, run: string): Promise<void> =>
  rm(fileOf(workspace, run), { force: true });
