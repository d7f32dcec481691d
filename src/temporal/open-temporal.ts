import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { withExclusiveLock } from '../processes/exclusive-lock';
import { holdLifeline, releaseLifeline } from '../processes/lifeline';
import { isAlive } from '../processes/process-identity';
import { openWorkspace, readJsonFile } from '../store/workspace';
import { findTemporalBinary } from './find-binary';
import { type NamedCluster, namedCluster, type TemporalConnectionOptions, unreachable } from './named-cluster';
import { answers, endServer, lifelineFile, type RunningServer, startServer } from './server-process';
import { type ServerRecord, serverRecordFile } from './server-record';
import { enterServerUsers } from './server-users';

export interface Temporal {
  readonly address: string;
  readonly namespace: string;
  readonly connectionOptions: TemporalConnectionOptions;
  /** False for a cluster that the environment names. */
  readonly isEmbedded: boolean;
  /** Lets go of the server; the last user of the workspace's server waits until it has ended. */
  close(): Promise<void>;
}

export interface OpenTemporalOptions {
  readonly workspace: string;
  /** Where the engine's Python environment has its programs; `temporal` may be one of them. */
  readonly pythonBinDirectory?: string;
  /** Told when the server was gone and was started again, and when that failed. */
  readonly onNotice?: (message: string) => void;
}

const SUPERVISION_MS = 1000;

/**
 * Reaches the cluster that the environment or a Temporal profile names, or shares the workspace's own server, starting it if need be.
 *
 * The embedded server lives as long as its users do, whatever ends them: every user holds its lifeline. A user that finds
 * it dead starts it again on the same port and database, so that open connections go on.
 *
 * @throws TutelageError `missing`, `damaged`, `busy`, `usage` or `transient`: one sentence and the next step.
 */
export async function openTemporal(options: OpenTemporalOptions): Promise<Temporal> {
  const cluster = namedCluster();
  return cluster === null ? openEmbedded(options) : openCluster(cluster);
}

async function openCluster({ namespace, connectionOptions }: NamedCluster): Promise<Temporal> {
  const { address } = connectionOptions;
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '10s' });
    await connection.close();
  } catch (cause) {
    throw await unreachable(connectionOptions, cause);
  }
  return { address, namespace, connectionOptions, isEmbedded: false, close: async () => {} };
}

async function openEmbedded(options: OpenTemporalOptions): Promise<Temporal> {
  const { root } = await openWorkspace(options.workspace);
  const binary = await findTemporalBinary(options.pythonBinDirectory);
  const locked = <T>(work: () => Promise<T>) => withExclusiveLock(join(root, 'server.lock'), work);
  const user = await enterServerUsers(root);
  let server: RunningServer;
  try {
    // While others use the server's address, it may not move.
    server = await locked(async () => joinOrStart(root, binary, (await user.countOthers()) > 0));
  } catch (error) {
    await user.leave();
    throw error;
  }
  const { address } = server.record;
  const stopSupervision = supervise({
    isGone: () => !isAlive(server.record),
    restart: async () => {
      const { hold } = server;
      server = await locked(() => joinOrStart(root, binary, true));
      releaseLifeline(hold);
    },
    onNotice: options.onNotice ?? (() => {}),
    address,
  });

  async function close(): Promise<void> {
    await stopSupervision();
    // Under the lock, so that nobody joins a server that is about to end.
    await locked(async () => {
      await user.leave();
      releaseLifeline(server.hold);
      if ((await user.countOthers()) === 0) {
        await endServer(server.record);
      }
    });
  }
  let closing: Promise<void> | undefined;
  return {
    address,
    namespace: 'default',
    connectionOptions: { address },
    isEmbedded: true,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Shares the server that is there, or starts one in its place; called with the server lock held. */
async function joinOrStart(workspace: string, binary: string, mustKeepPort: boolean): Promise<RunningServer> {
  const record = await readJsonFile<ServerRecord>(serverRecordFile(workspace)).catch(() => null);
  if (record !== null && isAlive(record)) {
    const hold = holdLifeline(lifelineFile(workspace));
    if (hold !== undefined) {
      if (await answersInTime(record.address)) {
        return { record, hold };
      }
      releaseLifeline(hold);
    }
    // Its users were killed and it is going, or it hangs. Its database survives a kill, so there is nothing to wait for.
    await endServer(record, 0);
  }
  return startServer({ workspace, binary, port: record?.port, mustKeepPort });
}

/** A server on a busy machine may be slow; one that is silent for a quarter of a minute hangs. */
async function answersInTime(address: string): Promise<boolean> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    if (await answers(address)) {
      return true;
    }
    await delay(100);
  }
  return false;
}

/** Looks every second whether the server is there; returns the function that ends the watch. */
function supervise(watch: {
  isGone: () => boolean;
  restart: () => Promise<void>;
  onNotice: (message: string) => void;
  address: string;
}): () => Promise<void> {
  let restarting: Promise<void> | undefined;
  const timer = setInterval(() => {
    if (restarting !== undefined || !watch.isGone()) {
      return;
    }
    restarting = watch
      .restart()
      .then(
        () => watch.onNotice(`the Temporal server had ended; it runs again at ${watch.address}`),
        (error: Error) => watch.onNotice(`the Temporal server had ended and cannot be started: ${error.message}`),
      )
      .finally(() => {
        restarting = undefined;
      });
  }, SUPERVISION_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await restarting;
  };
}
