import { resolve } from 'node:path';
import { exportRun } from '../analysis/export';
import { openWorkspace } from '../store/workspace';
import { exitCodes } from './exit-codes';
import { mergeStudent } from './merge-student';

export interface ExportCommandOptions {
  readonly out?: string;
  readonly alpaca: boolean;
  readonly student: boolean;
  readonly merged: boolean;
  readonly json: boolean;
}

/** `tutelage export RUN`: writes the run's rows as a training dataset. */
export async function exportCommand(run: string, options: ExportCommandOptions): Promise<number> {
  const workspace = await openWorkspace();
  const to = resolve(options.out ?? `${run.replaceAll('/', '-')}-export`);
  const merge = options.merged ? mergeStudent.bind(null, workspace) : null;
  const files = await exportRun({ workspace: workspace.root, run, to, ...options, merge });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ event: 'export', run, folder: to, files })}\n`);
  } else {
    process.stderr.write(`exported ${run} to ${to}: ${files.join(', ')}\nnext: read ${to}/README.md\n`);
  }
  return exitCodes.done;
}
