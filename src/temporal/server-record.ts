import { join } from 'node:path';
import type { ProcessIdentity } from '../processes/process-identity';

/** `<workspace>/server.json`: which server serves this workspace, or served it last. */
export interface ServerRecord extends ProcessIdentity {
  readonly address: string;
  readonly port: number;
}

export const serverRecordFile = (workspace: string) => join(workspace, 'server.json');
