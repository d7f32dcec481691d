import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { listenOnce } from '../../src/processes/free-port';
import { spawnGuarded } from '../../src/processes/guarded-process';
import { ensurePython } from '../../src/setup/python';
import { findTemporalBinary } from '../../src/temporal/find-binary';
import { until } from './processes';

/** A Temporal server that no workspace owns, as a cluster is: with a database of its own, and ended by its test. */
export interface Cluster {
  readonly address: string;
  /** Ends the server as a crash does; its database stays. */
  down(): Promise<void>;
  /** Starts it again on the same address and database. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options.within a command that starts another one elsewhere, such as `ip netns exec NAME` */
export async function startCluster(
  options: { host?: string; port?: number; within?: readonly string[] } = {},
): Promise<Cluster> {
  const { host = '127.0.0.1', within = [] } = options;
  const port = options.port ?? (await listenOnce(0));
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-cluster-'));
  const { binDirectory } = await ensurePython();
  const server = [await findTemporalBinary(binDirectory), 'server', 'start-dev', '--headless', '--log-level', 'error'];
  // The server's own parts look for one another on 127.0.0.1, so elsewhere it listens on all that its namespace has.
  const place = [
    '--ip',
    within.length === 0 ? host : '0.0.0.0',
    '--port',
    String(port),
    '--db-filename',
    join(folder, 'temporal.db'),
  ];
  const [program, ...args] = [...within, ...server, ...place] as [string, ...string[]];

  function spawnServer() {
    return spawnGuarded(program, args, { lifeline: 'pipe', stdout: 'pipe', stderr: 'pipe', env: process.env });
  }
  let child = spawnServer();
  let isUp = true;

  const answers = () =>
    Connection.connect({ address: `${host}:${port}`, connectTimeout: '1s' }).then(
      (connection) => connection.close().then(() => true),
      () => false,
    );
  await until(answers, 30_000);

  const down = async () => {
    if (isUp) {
      isUp = false;
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
    }
  };
  return {
    address: `${host}:${port}`,
    down,
    up: async () => {
      child = spawnServer();
      isUp = true;
      await until(answers, 30_000);
    },
    stop: down,
  };
}
