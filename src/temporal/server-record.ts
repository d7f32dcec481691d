import { join } from 'node:path';
import { serves } from '../processes/process-files';
import { isAlive, type ProcessIdentity, thisMachine } from '../processes/process-identity';
import { readJsonFile } from '../store/workspace';

/** `<workspace>/server.json`: which server serves this workspace, or served it last. */
export interface ServerRecord extends ProcessIdentity {
  readonly address: string;
  readonly port: number;
  /** Where its process number means something; absent in records of older versions. */
  readonly host?: string;
  /** Where its Web UI listens; absent for a server without one, which starts faster. */
  readonly webUiPort?: number;
  /** Where the Web UI asks for payloads to be decrypted; somebody may listen there, or nobody. */
  readonly codecPort?: number;
}

export const serverRecordFile = (workspace: string) => join(workspace, 'server.json');
export const serverDatabase = (workspace: string) => join(workspace, 'temporal.db');

/** `null` where there is none, or none that can be read: a server is started anew then. */
export const readServerRecord = (workspace: string): Promise<ServerRecord | null> =>
  readJsonFile<ServerRecord>(serverRecordFile(workspace)).catch(() => null);

/**
 * Whether the recorded process lives, has this workspace's database open and is the one behind the recorded port. A number
 * in a copied workspace, or of another container, is some other process: it is never joined, and never ended.
 */
export function isServing(record: ServerRecord, workspace: string): boolean {
  return (
    !isForeign(record) &&
    isAlive(record) &&
    serves(record.pid, { database: serverDatabase(workspace), port: record.port })
  );
}

/** Of another machine or container: its process number means nothing here. */
export const isForeign = ({ host }: ServerRecord): boolean => host !== undefined && host !== thisMachine().host;
