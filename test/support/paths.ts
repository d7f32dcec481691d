import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** The built package: `npm test` builds it first. */
export const cliProgram = join(root, 'dist', 'cli', 'main.js');
export const workflowBundlePath = join(root, 'dist', 'workflow-bundle.js');
export const engineDirectory = join(root, 'engine');
