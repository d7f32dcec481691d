import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { withExclusiveLock } from '../../src/processes/exclusive-lock';
import { listenOnce } from '../../src/processes/free-port';
import { spawnGuarded } from '../../src/processes/guarded-process';
import { findBasePython } from '../../src/setup/find-python';
import { InstallStep } from '../../src/setup/install-step';
import { readJsonFile, writeFileAtomically } from '../../src/store/workspace';
import { until } from './processes';

const MOTO = '5.2.5';

export interface S3Server {
  /** `http://<host>:<port>` */
  readonly endpoint: string;
  readonly pid: number;
  /** What a client of it needs in its environment; the secret is a marker that must be found nowhere. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes an empty bucket. */
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Looked for in everything that a run leaves behind. */
export const s3SecretMarker = 'marker-of-the-s3-secret-4711';

/**
 * An S3-compatible server in a process of its own, which ends with this one: moto's, with everything in memory, from a
 * virtual environment under the user's cache that is made once. What is missing fails here, with its sentence.
 *
 * @param options.wrap a command that starts another one somewhere else, such as `ip netns exec NAME`
 */
export async function startS3Server(
  options: { host?: string; port?: number; wrap?: readonly string[] } = {},
): Promise<S3Server> {
  const python = await ensureMoto();
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await listenOnce(0));
  const [command, ...args] = [...(options.wrap ?? []), python, '-m', 'moto.server', '-H', host, '-p', String(port)];
  const child = spawnGuarded(command as string, args, {
    lifeline: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: process.env,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr] as Readable[]) {
    stream.on('data', (part: Buffer) => {
      said = `${said}${part.toString()}`.slice(-4000);
    });
  }
  const ended = once(child, 'close');
  await until(() => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the S3 server did not start:\n${said}`);
    }
    return said.includes('Running on');
  }, 60_000);
  const endpoint = `http://${host}:${port}`;
  return {
    endpoint,
    pid: child.pid as number,
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'tutelage-test',
      AWS_SECRET_ACCESS_KEY: s3SecretMarker,
    },
    makeBucket: async (name) => {
      // Its owner is told from the region in the credential; nothing is checked.
      const authorization = 'AWS4-HMAC-SHA256 Credential=tutelage-test/20260101/us-east-1/s3/aws4_request';
      const response = await fetch(`${endpoint}/${name}`, { method: 'PUT', headers: { authorization } });
      if (!response.ok) {
        throw new Error(`the bucket ${name} could not be made: ${await response.text()}`);
      }
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The interpreter that has moto. */
async function ensureMoto(): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const directory = join(cache, 'tutelage', `moto-${MOTO}`);
  const python = join(directory, 'bin', 'python');
  const marker = join(directory, 'ready.json');
  const isReady = async () => (await readJsonFile(marker).catch(() => null)) !== null && existsSync(python);
  if (!(await isReady())) {
    await withExclusiveLock(`${directory}.lock`, async () => {
      if (await isReady()) {
        return;
      }
      const base = await findBasePython();
      await rm(directory, { recursive: true, force: true });
      await mkdir(dirname(directory), { recursive: true });
      const say = (message: string) => process.stderr.write(`test set-up: ${message}\n`);
      const steps = new InstallStep(`${directory}.log`, say);
      await steps.run(`making a Python environment with ${base}`, base, ['-m', 'venv', directory]);
      const pip = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
      await steps.run(`installing moto ${MOTO}, an S3 server`, python, [...pip, `moto[server]==${MOTO}`]);
      await writeFileAtomically(marker, `${JSON.stringify({ moto: MOTO, base })}\n`);
    });
  }
  return python;
}

/** As its own process: `node --import tsx test/support/s3-server.ts [host] [port]` prints its environment; it ends when stdin closes. */
if (require.main === module) {
  const [host, port] = process.argv.slice(2);
  void startS3Server({
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
  }).then((server) => {
    process.stdout.write(`${JSON.stringify(server.env)}\n`);
    process.stdin.on('end', () => void server.stop().then(() => process.exit(0))).resume();
  });
}
