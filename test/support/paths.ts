import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** The built package: `npm test` builds it first. */
export const cliProgram = join(root, 'dist', 'cli', 'main.js');
export const workflowBundlePath = join(root, 'dist', 'workflow-bundle.js');
export const engineDirectory = join(root, 'engine');

/** The engine's Python, which the set-up of the test run made ready. */
export function enginePython(): string {
  const python = process.env.TUTELAGE_PYTHON;
  if (!python) {
    throw new Error('TUTELAGE_PYTHON is not set: this test needs test/support/global-setup.ts');
  }
  return python;
}
