import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '../../store/workspace';

/** Changes when the record of a run is replaced; empty where it has none. */
export const recordStamp = (workspace: Workspace, run: string): Promise<string> =>
  stat(join(workspace.runDirectory(run), 'run.json')).then(
    ({ mtimeMs, ino }) => `${mtimeMs} ${ino}`,
    () => '',
  );
