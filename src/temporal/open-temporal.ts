import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataConverter } from '@temporalio/common';
import { TutelageError } from '../core/errors';
import { withExclusiveLock } from '../processes/exclusive-lock';
import { holdLifeline, releaseLifeline } from '../processes/lifeline';
import { isAlive } from '../processes/process-identity';
import { openWorkspace } from '../store/workspace';
import { connectClient } from './connect';
import { findTemporalBinary } from './find-binary';
import { type NamedCluster, namedCluster, type TemporalConnectionOptions, unreachable } from './named-cluster';
import { converterOf } from './payload-codec';
import { clusterKey, workspaceKey } from './payload-key';
import { answers, endServer, lifelineFile, type RunningServer, startServer, stopServer } from './server-process';
import { isForeign, isServing, readServerRecord, serverDatabase } from './server-record';
import { enterServerUsers } from './server-users';

export interface Temporal {
  readonly address: string;
  readonly namespace: string;
  readonly connectionOptions: TemporalConnectionOptions;
  /** What clients and workers pass their payloads through. */
  readonly dataConverter: DataConverter;
  /** False for a cluster that the environment names. */
  readonly isEmbedded: boolean;
  /** The Web UI; `null` where the server has none, or is a named cluster. */
  readonly webUi: WebUi | null;
  /** Releases the server; the last user of the workspace's server waits until it has ended. */
  close(): Promise<void>;
}

export interface WebUi {
  /** Such as `http://127.0.0.1:8233`. */
  readonly url: string;
  /** Where it asks for payloads to be decrypted, on this machine. */
  readonly codecPort: number;
}

export interface OpenTemporalOptions {
  readonly workspace: string;
  /** Where the engine's Python environment has its programs; `temporal` may be one of them. */
  readonly pythonBinDirectory?: string;
  /** Told when the server was gone and was started again, and when that failed. */
  readonly onNotice?: (message: string) => void;
  /** A server without a Web UI is replaced by one that has it, on the same port: open runs continue after a moment. */
  readonly withWebUi?: boolean;
}

const SUPERVISION_MS = 1000;

/**
 * Reaches the cluster that the environment or a Temporal profile names, or shares the workspace's own server, and starts it if it is not running.
 *
 * The embedded server lives as long as its users do, whatever ends them: every user holds its lifeline. A user that finds
 * it dead starts it again on the same port and database, so that open connections keep working.
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
    const connection = await connectClient(connectionOptions, { connectTimeout: '10s' });
    await connection.close();
  } catch (cause) {
    throw await unreachable(connectionOptions, cause);
  }
  const dataConverter = converterOf(clusterKey());
  return {
    address,
    namespace,
    connectionOptions,
    dataConverter,
    isEmbedded: false,
    webUi: null,
    close: async () => {},
  };
}

async function openEmbedded(options: OpenTemporalOptions): Promise<Temporal> {
  const { root } = await openWorkspace(options.workspace);
  const binary = await findTemporalBinary(options.pythonBinDirectory);
  const dataConverter = converterOf(await workspaceKey(root));
  const locked = <T>(work: () => Promise<T>) => withServerLock(root, work, options.onNotice ?? (() => {}));
  const [user, joined] = await locked(async () => {
    const user = await enterServerUsers(root);
    try {
      // While others use the server's address, it may not move.
      const mustKeepPort = (await user.countOthers()) > 0;
      return [user, await joinOrStart(root, { binary, mustKeepPort, ...options })] as const;
    } catch (error) {
      await user.leave();
      throw error;
    }
  });
  let server = joined;
  const { address } = server.record;
  const stopSupervision = supervise({
    isGone: () => !isAlive(server.record),
    restart: async () => {
      const { hold } = server;
      server = await locked(() => joinOrStart(root, { binary, mustKeepPort: true }));
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
    dataConverter,
    isEmbedded: true,
    get webUi() {
      const { webUiPort, codecPort } = server.record;
      return webUiPort === undefined || codecPort === undefined
        ? null
        : { url: `http://127.0.0.1:${webUiPort}`, codecPort };
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * Only one process at a time starts, joins or ends the server, which takes seconds. Longer waits are told, and one without
 * an end is given up: whoever can read the lock's file can hold it.
 * @throws TutelageError `busy`
 */
export async function withServerLock<T>(
  root: string,
  work: () => Promise<T>,
  onNotice: (message: string) => void,
  { noticeMs = 5000, giveUpMs = 120_000 } = {},
): Promise<T> {
  const path = join(root, 'server.lock');
  const waiting = new AbortController();
  const timers = [
    setTimeout(() => onNotice(`waiting for ${path}, which another process has locked`), noticeMs),
    setTimeout(() => waiting.abort(lockedTooLong(path, giveUpMs)), giveUpMs),
  ];
  const ended = () => timers.forEach(clearTimeout);
  try {
    return await withExclusiveLock(
      path,
      () => {
        ended();
        return work();
      },
      { signal: waiting.signal },
    );
  } finally {
    ended();
  }
}

const lockedTooLong = (path: string, ms: number): TutelageError =>
  new TutelageError(
    'busy',
    `another process has kept ${path} locked for ${ms / 1000} s`,
    `end it (\`fuser -v ${path}\` names it), or take the file from other users with \`chmod 600 ${path}\`, then run the same command again`,
  );

/** Shares the server that is there, or starts one in its place; called with the server lock held. */
async function joinOrStart(
  workspace: string,
  {
    binary,
    mustKeepPort,
    withWebUi = false,
  }: { readonly binary: string; readonly mustKeepPort: boolean; readonly withWebUi?: boolean },
): Promise<RunningServer> {
  const record = await readServerRecord(workspace);
  if (record !== null && isServing(record, workspace)) {
    const hold = holdLifeline(lifelineFile(workspace));
    if (hold !== undefined) {
      const suits = !withWebUi || record.webUiPort !== undefined;
      if (suits && (await answersInTime(record.address))) {
        return { record, hold };
      }
      releaseLifeline(hold);
      if (!suits) {
        await stopServer(record);
      }
    }
    // Its users were killed and it is shutting down, or it is hung. Its database survives a kill, so there is nothing to wait for.
    await endServer(record, 0);
  } else if (record !== null && (isAlive(record) || isForeign(record))) {
    await waitForUnseenServer(workspace);
  }
  // One that died while others look at its Web UI comes back with it.
  const webUiPort = record?.webUiPort ?? 0;
  const ui = withWebUi || (mustKeepPort && webUiPort !== 0) ? { webUiPort } : {};
  return startServer({ workspace, binary, port: record?.port, mustKeepPort, ...ui });
}

/**
 * A guardian at the other end of the lifeline belongs to a server on this very workspace that cannot be seen from here,
 * such as that of another container. Its users are gone, so it is about to end.
 */
async function waitForUnseenServer(workspace: string): Promise<void> {
  const deadline = Date.now() + UNSEEN_MS_MAX;
  for (;;) {
    const hold = holdLifeline(lifelineFile(workspace));
    if (hold === undefined) {
      return;
    }
    releaseLifeline(hold);
    if (Date.now() > deadline) {
      throw new TutelageError(
        'busy',
        `a Temporal server that cannot be seen from here is using ${serverDatabase(workspace)}: it belongs to another container, or its database was replaced while it worked`,
        'end the processes that use this workspace, then run the same command again',
      );
    }
    await delay(100);
  }
}

const UNSEEN_MS_MAX = 10_000;

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

/** Checks every second that the server is running; returns the function that ends the supervision. */
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
