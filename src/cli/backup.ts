import { relative } from 'node:path';
import { plural } from '../analysis/phrases';
import { backUp } from '../store/backup';
import { isPostgres } from '../store/ledger/location';
import { workspaceAt } from '../store/workspace';
import { exitCodes } from './exit-codes';

/** `tutelage backup FOLDER`: a consistent copy of the workspace, whether runs are working or not. */
export async function backupCommand(folder: string, options: { readonly json: boolean }): Promise<number> {
  const workspace = workspaceAt();
  const backup = await backUp(workspace, folder);
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ event: 'backup', ...backup })}\n`);
    return exitCodes.done;
  }
  const size = `${plural(backup.files, 'file')}, ${(backup.bytes / 1e6).toFixed(1)} MB`;
  process.stderr.write(`the workspace is copied to ${backup.folder} (${size})\n`);
  if (isPostgres(workspace.ledger)) {
    process.stderr.write('the ledger is in PostgreSQL and not in the copy: back it up with pg_dump, after this copy\n');
  }
  const home = relative(process.cwd(), backup.folder) || '.';
  process.stderr.write(`next: to restore, copy it to where the workspace was, or use it: TUTELAGE_HOME=${home}\n`);
  return exitCodes.done;
}
