import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { TutelageError } from '../core/errors';
import { listenOnce } from '../processes/free-port';
import { spawnGuarded } from '../processes/guarded-process';
import { createLifeline, releaseLifeline } from '../processes/lifeline';
import { listensOn } from '../processes/process-files';
import { identityOf, isAlive, type ProcessIdentity, thisMachine } from '../processes/process-identity';
import { writeFileAtomically } from '../store/workspace';
import { connectClient } from './connect';
import { type ServerRecord, serverDatabase, serverRecordFile } from './server-record';

export interface RunningServer {
  readonly record: ServerRecord;
  /** This process's hold on the server's lifeline. */
  readonly hold: number;
}

const HOST = '127.0.0.1';
/**
 * A server that cannot start exits on its own. A cold start takes a second, but more than half a minute on an overloaded
 * machine. Killing it earlier would only repeat the start, and might never succeed.
 */
const START_MS_MAX = 120_000;
const STARTS_MAX = 5;
/** The audit history of a run must outlive the run by more than the dev server's own 24 hours. */
const RETENTION_SECONDS = 30 * 24 * 3600;

export const lifelineFile = (workspace: string) => join(workspace, 'server.lifeline');

/**
 * Starts the dev server on the workspace's database, under a guardian, and returns when it answers. Only to be called
 * by the holder of the workspace's server lock, with no other server on this database.
 *
 * @param port the port wanted; when it is not free, another is taken, unless `mustKeepPort`.
 * @throws TutelageError `damaged` (database), `missing` (binary does not run), `transient` (did not answer in time).
 */
export async function startServer(options: {
  workspace: string;
  binary: string;
  port?: number | undefined;
  mustKeepPort?: boolean;
  /** Port of the Web UI; 0: any free one. Without it there is no Web UI. */
  webUiPort?: number | undefined;
}): Promise<RunningServer> {
  await removeEmptyDatabase(options.workspace);
  for (let start = 1; ; start++) {
    const port = await choosePort(options.port, options.mustKeepPort ?? false);
    const webUiPort = options.webUiPort === undefined ? undefined : await choosePort(options.webUiPort, false);
    const codecPort = webUiPort === undefined ? undefined : await choosePort(0, false);
    const attempt = await tryStart(options.workspace, options.binary, { port, webUiPort, codecPort });
    if ('record' in attempt) {
      return attempt;
    }
    const isPortLost = attempt.log.includes('address already in use');
    if (!isPortLost || start === STARTS_MAX) {
      throw startProblem(options.workspace, options.binary, attempt);
    }
  }
}

/** A file without content is left by a full disk or a cut copy; the server would take it for a database without tables. */
async function removeEmptyDatabase(workspace: string): Promise<void> {
  const file = await stat(serverDatabase(workspace)).catch(() => null);
  if (file?.size === 0) {
    await rm(serverDatabase(workspace));
  }
}

interface FailedStart {
  readonly outcome: string;
  readonly log: string;
}

interface Ports {
  readonly port: number;
  readonly webUiPort: number | undefined;
  readonly codecPort: number | undefined;
}

async function tryStart(workspace: string, binary: string, ports: Ports): Promise<RunningServer | FailedStart> {
  const { port, webUiPort, codecPort } = ports;
  const logFile = join(workspace, 'temporal.log');
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  const { reader, hold } = createLifeline(lifelineFile(workspace));
  const log = openSync(logFile, 'a');
  const child = spawnGuarded(binary, serverArguments(workspace, ports), {
    lifeline: reader,
    stdout: log,
    stderr: log,
    env: serverEnvironment(workspace),
  });
  closeSync(reader);
  closeSync(log);
  child.unref();
  const address = `${HOST}:${port}`;
  const outcome = await waitForAnswer(child, address, port);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (outcome !== 'answers' || identity === undefined) {
    releaseLifeline(hold);
    await endServer(identity);
    return { outcome, log: (await readFile(logFile)).subarray(logStart).toString('utf8') };
  }
  const ui = webUiPort === undefined || codecPort === undefined ? {} : { webUiPort, codecPort };
  const record: ServerRecord = { ...identity, address, port, host: thisMachine().host, ...ui };
  await writeFileAtomically(serverRecordFile(workspace), `${JSON.stringify(record)}\n`);
  return { record, hold };
}

/** WAL with synchronous FULL: a power cut loses nothing, at a fifth of the throughput (131 activities a second against 165). */
function serverArguments(workspace: string, { port, webUiPort, codecPort }: Ports): string[] {
  const ui =
    webUiPort === undefined
      ? ['--headless']
      : [
          ...['--ui-port', String(webUiPort), '--ui-disable-news-fetch'],
          ...['--ui-codec-endpoint', `http://127.0.0.1:${codecPort}`],
        ];
  return [
    ...['server', 'start-dev', ...ui, '--ip', HOST, '--port', String(port)],
    ...['--db-filename', serverDatabase(workspace)],
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...['--log-level', 'error', '--disable-config-file', '--disable-config-env'],
    // The HTTP API cannot be switched off. No program here uses it, and a web page must not: it answers to a host's name
    // that nobody knows.
    ...['--dynamic-config-value', `frontend.httpAllowedHosts=["${randomUUID()}.invalid"]`],
  ];
}

/** Only what the program needs: it has no use for the teacher's keys. */
function serverEnvironment(workspace: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG } = process.env;
  return { PATH, HOME, TMPDIR, LANG, TUTELAGE_HOME: workspace };
}

async function waitForAnswer(child: ChildProcess, address: string, port: number): Promise<string> {
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  });
  const deadline = Date.now() + START_MS_MAX;
  while (ended === undefined && Date.now() < deadline) {
    // A client that finds no listener waits a second before it tries again; checking first saves that second.
    if (
      child.pid !== undefined &&
      listensOn(child.pid, port) &&
      (await isListening(port)) &&
      (await answers(address))
    ) {
      return ended ?? 'answers';
    }
    await delay(50);
  }
  return ended ?? `did not answer within ${START_MS_MAX / 1000} s`;
}

/** Whether a Temporal server answers a real request there; where it does, its namespace keeps closed workflows long enough. */
export async function answers(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await connectClient({ address }, { connectTimeout: 2000 });
    const { workflowService } = connection;
    const { config } = await workflowService.describeNamespace({ namespace: 'default' });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) < RETENTION_SECONDS) {
      await workflowService.updateNamespace({
        namespace: 'default',
        // The wire type is a 64-bit integer, for which the client takes a plain number.
        config: { workflowExecutionRetentionTtl: { seconds: RETENTION_SECONDS as never } },
      });
    }
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** Waits until a server whose lifeline was released has ended, and ends it if it lingers. */
export async function endServer(identity: ProcessIdentity | undefined, graceMs = 15_000): Promise<void> {
  const deadline = Date.now() + graceMs;
  while (identity !== undefined && isAlive(identity)) {
    if (Date.now() >= deadline) {
      kill(identity.pid);
    }
    await delay(20);
  }
  if (identity !== undefined) {
    // The guardian's watcher would follow its server within a tenth of a second; a caller that waits here must not observe it.
    kill(-identity.pid);
    await delay(20);
  }
}

/** Asks a server to end in its own time, and waits for that. Its users find it gone, and look for its successor. */
export async function stopServer(identity: ProcessIdentity): Promise<void> {
  kill(identity.pid, 'SIGTERM');
  await endServer(identity);
}

/** A negative number is a group; macOS answers EPERM for one in which all have ended. */
function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') {
      throw error;
    }
  }
}

async function choosePort(wanted: number | undefined, mustKeepPort: boolean): Promise<number> {
  if (wanted === undefined || wanted === 0) {
    return listenOnce(0);
  }
  // A port stays in use for a moment after its holder was killed.
  const deadline = Date.now() + (mustKeepPort ? 20_000 : 2_000);
  for (;;) {
    try {
      return await listenOnce(wanted);
    } catch (cause) {
      if (Date.now() < deadline) {
        await delay(100);
      } else if (mustKeepPort) {
        throw new TutelageError(
          'transient',
          `port ${wanted}, on which this workspace's Temporal server ran, is now in use by another program`,
          'run the same command again: it will take another port',
          { cause },
        );
      } else {
        return listenOnce(0);
      }
    }
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function startProblem(workspace: string, binary: string, { outcome, log }: FailedStart): TutelageError {
  const database = join(workspace, 'temporal.db');
  const lastLine = log.trim().split('\n').at(-1) ?? '';
  if (/not a database|malformed|corrupt|schema version|no such table/i.test(log)) {
    return new TutelageError(
      'damaged',
      `the Temporal server's database ${database} cannot be read: ${lastLine}`,
      'move the file away and run the same command again: finished work is kept in the ledger and the artifacts',
    );
  }
  if (/database is locked|SQLITE_BUSY/i.test(log)) {
    return new TutelageError(
      'busy',
      `the Temporal server's database ${database} is locked by another program: ${lastLine}`,
      'end the other Temporal server on this file, then run the same command again',
    );
  }
  if (/disk is full|no space left/i.test(log)) {
    return new TutelageError(
      'transient',
      `the disk of ${workspace} is full`,
      'free some space and run the command again',
    );
  }
  return new TutelageError(
    'missing',
    `the Temporal server (${binary}) ${outcome}${lastLine === '' ? '' : `: ${lastLine}`}`,
    `see ${join(workspace, 'temporal.log')}`,
  );
}
