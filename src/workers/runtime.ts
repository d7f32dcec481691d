import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { redactingFile } from '../store/redacting-file';
import type { Workspace } from '../store/workspace';

let installed = false;

/**
 * Installs the Temporal runtime of this process, once: its log goes to a file of the workspace (people read the live
 * view, not logs), and signals stay with the command line, which knows what must stop before workers end.
 *
 * @param metricsPort where on this machine the SDK's figures can be read, in Prometheus' form; `null`: nowhere
 */
export function installRuntime(workspace: Workspace, metricsPort: number | null = null): void {
  if (installed) {
    return;
  }
  installed = true;
  const log = pino({ level: 'info' }, redactingFile(join(workspace.logs, 'temporal-sdk.jsonl')));
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      log[levels[level]]({ ...meta }, message);
    }),
    telemetryOptions: {
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(metricsPort === null ? {} : { metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}` } } }),
    },
  });
}
