import { statfs } from 'node:fs/promises';
import { TutelageError } from '../core/errors';
import type { Workspace } from '../store/workspace';

/** With less than this the server's and the ledger's databases may fail in the middle of a write. */
const FREE_BYTES_MIN = 32 * 2 ** 20;

/** Stops while there is still room to save everything. */
export async function refuseFullDisk(workspace: Workspace): Promise<void> {
  const { bavail, bsize } = await statfs(workspace.root);
  if (bavail * bsize < FREE_BYTES_MIN) {
    throw new TutelageError(
      'transient',
      `the disk of the workspace is full: ${Math.floor((bavail * bsize) / 2 ** 20)} MiB free under ${workspace.root}, at least ${FREE_BYTES_MIN / 2 ** 20} MiB needed`,
      'free some space, then run the same command again to resume; nothing that was bought is lost',
    );
  }
}
