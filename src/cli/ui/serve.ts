import { type ServerType, serve } from '@hono/node-server';
import { TutelageError } from '../../core/errors';
import type { Workspace } from '../../store/workspace';
import { newToken } from './access';
import { uiApp } from './app';
import { openWatch } from './watch';

export interface ServedUi {
  /** With the token. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the pages of a workspace on this machine alone. It takes no lock and writes nothing.
 *
 * @param port 0 for any free one
 * @throws TutelageError `usage` where the port is taken
 */
export async function serveUi(workspace: Workspace, port: number): Promise<ServedUi> {
  const token = newToken();
  const watch = openWatch(workspace);
  const ending = new AbortController();
  let served = port;
  const app = uiApp({ workspace, watch, token, port: () => served, ending: ending.signal });
  const server = await listen(app.fetch, port);
  const address = server.address();
  served = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${served}/?token=${token}`,
    close: async () => {
      ending.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) {
          server.closeAllConnections();
        }
      });
      await watch.close();
    },
  };
}

function listen(fetch: Parameters<typeof serve>[0]['fetch'], port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const starting = serve({ fetch, port, hostname: '127.0.0.1' }, () => resolve(starting));
    starting.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new TutelageError('usage', `port ${port} cannot be listened on: ${error.message}`, 'choose another --port')
          : error,
      ),
    );
  });
}
