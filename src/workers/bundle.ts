import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Where the build puts the workflows' bundle. Workers load this file; a missing one is an error, never a silent bundling. */
export const workflowBundlePath = join(__dirname, '..', 'workflow-bundle.js');

/** The build step: everything the workflows import, in one file for the workflow sandbox. */
export async function writeWorkflowBundle(path = workflowBundlePath): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows'),
    logger: new DefaultLogger('WARN'),
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, code);
}

if (require.main === module) {
  void writeWorkflowBundle();
}
