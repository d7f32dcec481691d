import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { type Workspace, writeFileAtomically } from '../store/workspace';
import { decodeHistory } from './decode-history';
import type { Dependencies } from './dependencies';

export interface HistoryExport {
  readonly workflowId: string;
  /** One execution of several, where it continued as new; absent is the latest. */
  readonly runId?: string;
  /** The run or experiment whose folder the file belongs to. */
  readonly owner: string;
  /** `iter-3`, `run`, `run-40` (what came before iteration 41 of a run that continued as new), `experiment`. */
  readonly name: string;
}

/**
 * Writes a workflow's history to `runs/<owner>/history/<name>.json`, with its sha256 beside it: the embedded server
 * forgets closed workflows after a while, an audit does not. The text is the one that replays.
 */
export async function exportHistory(
  { client, workspace }: { readonly client: Client; readonly workspace: Workspace },
  { workflowId, runId, owner, name }: HistoryExport,
): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const text = historyToJSON(await decodeHistory(history, client.options.loadedDataConverter.payloadCodecs));
  const path = join(workspace.runDirectory(owner), 'history', `${name}.json`);
  await writeFileAtomically(path, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  await writeFileAtomically(`${path}.sha256`, `${sha256}  ${name}.json\n`);
}

/** The same as a step, for the parent of a workflow that has ended. */
export function createExportHistory(dependencies: Dependencies) {
  return (input: HistoryExport): Promise<void> => exportHistory(dependencies, input);
}
