import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the tests of one command write goes to a folder of their own, which ends with it. */
export default async function ownTemporaryFolder(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-tests-'));
  // A database server runs as somebody else, who has to get to its own folder in here.
  await chmod(folder, 0o711);
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
}
