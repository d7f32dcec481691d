import { spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cliProgram } from './paths';

export interface CliResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly workspace: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Modules loaded before the program. */
  readonly preload?: readonly string[];
  /** Another build of the command line. */
  readonly program?: string;
  /** Leaves out the `--yes` with which tests agree to the address of their own double. */
  readonly withoutYes?: true;
}

/** A fresh folder with a configuration in it; the workspace is beside the file. */
export async function folderWith(config: string): Promise<{ file: string; workspace: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-test-'));
  const file = join(folder, 'config.yaml');
  await writeFile(file, config);
  return { file, workspace: join(folder, 'workspace') };
}

/** Starts the built command line as a user would, with an embedded server of its own. */
export function startCli(args: readonly string[], options: CliOptions) {
  const { TEMPORAL_ADDRESS: _cluster, ...inherited } = process.env;
  const sends = ['run', 'preview', 'fork'].includes(args[0] ?? '');
  const child = spawn(
    process.execPath,
    [
      ...(options.preload ?? []).flatMap((module) => ['--require', module]),
      ...[options.program ?? cliProgram, ...args, ...(sends && options.withoutYes !== true ? ['--yes'] : [])],
    ],
    {
      env: { ...inherited, TUTELAGE_HOME: options.workspace, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return { pid: child.pid as number, ended, output: () => ({ stdout, stderr }) };
}

export const runCli = (args: readonly string[], options: CliOptions): Promise<CliResult> =>
  startCli(args, options).ended;
