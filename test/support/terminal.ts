import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cliProgram } from './paths';

const helper = join(__dirname, 'in-terminal.py');

/** The command line with a real terminal around it. */
export function inTerminal(
  args: readonly string[],
  options: {
    readonly workspace: string;
    readonly columns?: number;
    readonly environment?: Readonly<Record<string, string>>;
    /** What stands before the program, `['nohup']` say. */
    readonly within?: readonly string[];
  },
) {
  const { workspace, columns = 80, environment = {}, within = [] } = options;
  const command = [...within, process.execPath, cliProgram, ...args];
  const child = spawn(process.env.TUTELAGE_PYTHON ?? 'python3', [helper, String(columns), ...command], {
    env: { ...process.env, TUTELAGE_HOME: workspace, TERM: 'xterm', ...environment },
    stdio: 'pipe',
  });
  let drawn = '';
  child.stdout.on('data', (data) => {
    drawn += data;
  });
  return {
    drawn: () => drawn,
    /** A key, a line that is typed, or the end of the terminal. */
    type: (line: string) => child.stdin.write(`${line}\n`),
    hangUp: () => child.stdin.write('hang-up\n'),
    ended: new Promise<number | null>((resolve) => {
      child.on('close', (exitCode) => resolve(exitCode));
    }),
  };
}
