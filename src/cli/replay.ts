import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from '../analysis/phrases';
import { replayAll } from '../audit/checks/replay';
import { isDamaged, type RecordedWorkflow, readRecordedWorkflow } from '../audit/recorded-workflow';
import { TutelageError } from '../core/errors';
import { openWorkspace, type Workspace } from '../store/workspace';
import { installRuntime } from '../workers/runtime';
import { exitCodes } from './exit-codes';
import { begunRuns } from './workspace-names';

interface ReplayedHistory {
  readonly file: string;
  readonly difference: string | null;
}

/** `tutelage replay RUN`: replays every exported history with the current workflows and reports the first difference of each. */
export async function replayCommand(name: string, options: { readonly json: boolean }): Promise<number> {
  const workspace = await openWorkspace();
  installRuntime(workspace);
  const outcomes = await replay(await historyFiles(workspace, name));
  const different = outcomes.filter(({ difference }) => difference !== null);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ name, histories: outcomes.length, different })}\n`);
  } else {
    for (const { file, difference } of different) {
      process.stdout.write(`${file}: ${difference}\n`);
    }
    process.stderr.write(
      different.length === 0
        ? `${plural(outcomes.length, 'history', 'histories')} of ${name}: all replay with this version's workflows\n`
        : `${different.length} of ${plural(outcomes.length, 'history', 'histories')} of ${name} ${different.length === 1 ? 'does' : 'do'} not replay: an open run would stop there\n`,
    );
  }
  return different.length === 0 ? exitCodes.done : exitCodes.failed;
}

async function replay(files: readonly string[]): Promise<ReplayedHistory[]> {
  const read = await Promise.all(files.map(readRecordedWorkflow));
  const outcomes: ReplayedHistory[] = read
    .filter(isDamaged)
    .map(({ path, reason }) => ({ file: path, difference: reason }));
  for await (const { path, difference } of replayAll(
    read.filter((workflow): workflow is RecordedWorkflow => !isDamaged(workflow)),
  )) {
    outcomes.push({ file: path, difference });
  }
  return outcomes;
}

async function historyFiles(workspace: Workspace, name: string): Promise<string[]> {
  const owners = new Set([name, ...(await begunRuns(workspace, name))]);
  const files: string[] = [];
  for (const owner of owners) {
    const folder = join(workspace.runDirectory(owner), 'history');
    const names = await readdir(folder).catch(() => []);
    files.push(
      ...names
        .filter((file) => file.endsWith('.json'))
        .sort()
        .map((file) => join(folder, file)),
    );
  }
  if (files.length === 0) {
    throw new TutelageError(
      'usage',
      `no history of ${name} has been exported yet`,
      'a history is exported when an iteration ends',
    );
  }
  return files;
}
