import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { TutelageError } from '../core/errors';
import { listenOnce } from '../processes/free-port';
import { spawnGuarded } from '../processes/guarded-process';
import { createLifeline, releaseLifeline } from '../processes/lifeline';
import { identityOf, isAlive, type ProcessIdentity } from '../processes/process-identity';
import { writeFileAtomically } from '../store/workspace';
import { type ServerRecord, serverRecordFile } from './server-record';

export interface RunningServer {
  readonly record: ServerRecord;
  /** This process's hold on the server's lifeline. */
  readonly hold: number;
}

const HOST = '127.0.0.1';
/**
 * One that cannot start ends by itself. A cold binary takes a second, and more than half a minute where many times more
 * work waits than there are cores: whoever ended it then would have to begin again, and might never come through.
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
}): Promise<RunningServer> {
  for (let start = 1; ; start++) {
    const port = await choosePort(options.port, options.mustKeepPort ?? false);
    const attempt = await tryStart(options.workspace, options.binary, port);
    if ('record' in attempt) {
      return attempt;
    }
    const isPortLost = attempt.log.includes('address already in use');
    if (!isPortLost || start === STARTS_MAX) {
      throw startProblem(options.workspace, options.binary, attempt);
    }
  }
}

interface FailedStart {
  readonly outcome: string;
  readonly log: string;
}

async function tryStart(workspace: string, binary: string, port: number): Promise<RunningServer | FailedStart> {
  const logFile = join(workspace, 'temporal.log');
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  const { reader, hold } = createLifeline(lifelineFile(workspace));
  const log = openSync(logFile, 'a');
  const child = spawnGuarded(binary, serverArguments(workspace, port), {
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
  const record: ServerRecord = { ...identity, address, port };
  await writeFileAtomically(serverRecordFile(workspace), `${JSON.stringify(record)}\n`);
  return { record, hold };
}

/** WAL with synchronous FULL: a power cut loses nothing, at a fifth of the throughput (131 activities a second against 165). */
function serverArguments(workspace: string, port: number): string[] {
  return [
    ...['server', 'start-dev', '--headless', '--ip', HOST, '--port', String(port)],
    ...['--db-filename', join(workspace, 'temporal.db')],
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL'],
    ...['--log-level', 'error', '--disable-config-file', '--disable-config-env'],
  ];
}

/** Only what the program needs: API keys of the teacher are nothing to it. */
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
    // A client that finds nobody listening waits a second before it tries again; looking first saves that second.
    if ((await isListening(port)) && (await answers(address))) {
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
    connection = await Connection.connect({ address, connectTimeout: 2000 });
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

/** Waits for a server whose lifeline was let go to be gone, and ends it when it lingers. */
export async function endServer(identity: ProcessIdentity | undefined, graceMs = 15_000): Promise<void> {
  const deadline = Date.now() + graceMs;
  while (identity !== undefined && isAlive(identity)) {
    if (Date.now() >= deadline) {
      kill(identity.pid);
    }
    await delay(20);
  }
  if (identity !== undefined) {
    // The guardian's watcher would follow its server within a tenth of a second; whoever waits here is not to see it.
    kill(-identity.pid);
    await delay(20);
  }
}

/** A negative number is a group; macOS answers EPERM for one in which all have ended. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') {
      throw error;
    }
  }
}

async function choosePort(wanted: number | undefined, mustKeepPort: boolean): Promise<number> {
  if (wanted === undefined) {
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
  if (/not a database|malformed|corrupt|schema version/i.test(log)) {
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
