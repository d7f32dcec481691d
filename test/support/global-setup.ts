import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePython } from '../../src/setup/python';
import { openTemporal, type Temporal } from '../../src/temporal/open-temporal';
import ownTemporaryFolder from './temporary-folder';

declare global {
  var sharedTemporal: Temporal | undefined;
}

/** One Python environment and one Temporal server for the whole test run. What is missing fails here, with its sentence. */
export default async function globalSetup(): Promise<void> {
  await ownTemporaryFolder();
  const python = await ensurePython({ onProgress: (message) => process.stderr.write(`test set-up: ${message}\n`) });
  process.env.TUTELAGE_PYTHON = python.python;
  const workspace = await mkdtemp(join(tmpdir(), 'tutelage-test-server-'));
  globalThis.sharedTemporal = await openTemporal({ workspace, pythonBinDirectory: python.binDirectory });
  process.env.TEST_TEMPORAL_ADDRESS = globalThis.sharedTemporal.address;
}
