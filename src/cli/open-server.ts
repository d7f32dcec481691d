import { ensurePython } from '../setup/python';
import type { Workspace } from '../store/workspace';
import { namedCluster } from '../temporal/named-cluster';
import { openTemporal, type Temporal } from '../temporal/open-temporal';

export interface OpenServerOptions {
  readonly withWebUi?: boolean;
  /** Called with a few words on what is being set up, and when the server goes away or comes back. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Reaches the named cluster, or the workspace's own server for a command that needs no engine. The program of the own
 * server comes with the engine's Python environment, so only that one needs Python.
 *
 * @throws as `openTemporal` and `ensurePython`
 */
export async function openServer(workspace: Workspace, options: OpenServerOptions = {}): Promise<Temporal> {
  const { withWebUi, onNotice = () => {} } = options;
  const python = namedCluster() === null ? await ensurePython({ onProgress: onNotice }) : null;
  return openTemporal({
    workspace: workspace.root,
    ...(python === null ? {} : { pythonBinDirectory: python.binDirectory }),
    ...(withWebUi === undefined ? {} : { withWebUi }),
    onNotice,
  });
}
