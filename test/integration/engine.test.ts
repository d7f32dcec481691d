import { spawn } from 'node:child_process';
import { engineDirectory } from '../support/paths';
import { ensurePythonTools } from '../support/python-tools';

jest.setTimeout(600_000);

/** The engine's own tests are Python; they are part of `npm test` and their output is shown when one fails. */
it('the tests of the student engine pass', async () => {
  const python = await ensurePythonTools((message) => process.stderr.write(`test set-up: ${message}\n`));
  const { exitCode, output } = await run(python, ['-m', 'pytest', '-q', '-x', 'tests']);
  expect({ exitCode, output: exitCode === 0 ? '' : output }).toEqual({ exitCode: 0, output: '' });
  expect(output).toMatch(/[1-9]\d* passed/);
});

function run(command: string, args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: engineDirectory, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (data: Buffer) => {
      output += data;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, output }));
  });
}
