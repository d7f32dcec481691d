import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { listenOnce } from '../../src/processes/free-port';

/** A PostgreSQL of a test's own, with its data in a temporary folder. */
export interface Postgres {
  readonly host: string;
  readonly port: number;
  /** Of the database `postgres`, without the password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Makes an empty database and answers with its address, without the password. */
  createDatabase(): Promise<string>;
  /** As the superuser; of a database by its address. The rows of the last statement. */
  query(statement: string, url?: string): Promise<Record<string, unknown>[]>;
  /** Ends the server, as a machine that goes down does: connections are cut, what was committed stays. */
  down(): Promise<void>;
  /** Starts it again at the same address; resolves when it answers. */
  up(): Promise<void>;
  restart(): Promise<void>;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** What the server has written to its log so far. */
  log(): Promise<string>;
}

interface Options {
  /** Where it listens; other addresses than the loopback ones accept connections from everywhere that reaches them. */
  readonly host?: string;
  /** A free one unless given. */
  readonly port?: number;
  /** What stands before each command line of the server, `['ip', 'netns', 'exec', NAME]` say. */
  readonly within?: readonly string[];
  /** Connections may be encrypted, with these. */
  readonly tls?: { readonly key: Buffer; readonly certificate: Buffer };
}

/** PostgreSQL refuses to run as root; this user has no rights and is on every system. */
const unprivileged = { uid: 65534, gid: 65534 };
const user = 'tutelage';

/**
 * Starts a server on a machine where Debian's package `postgresql` is installed. It ends with the process that started
 * it, however that ends.
 * @throws Error that says what to install where PostgreSQL's programs are missing
 */
export async function startPostgres(options: Options = {}): Promise<Postgres> {
  const { host = '127.0.0.1', within = [] } = options;
  const port = options.port ?? (await listenOnce(0));
  const programs = findPrograms();
  const folder = await mkdtemp(join(tmpdir(), 'tutelage-postgres-'));
  const password = randomBytes(12).toString('hex');
  await makeCluster(programs, folder, password);
  const settings = [
    ...[`port=${port}`, `listen_addresses=${host}`, `unix_socket_directories=${folder}`],
    ...(options.tls === undefined ? [] : await installCertificate(folder, options.tls)),
  ];
  const command = [join(programs, 'postgres'), '-D', join(folder, 'data')];
  const line = [...command, ...settings.flatMap((setting) => ['-c', setting])];
  let server: ChildProcess | null = null;

  /** Over the socket in the server's folder, so that it is reached from outside of a network namespace too. */
  async function query(statement: string, url = addressOf('postgres')): Promise<Record<string, unknown>[]> {
    const database = new URL(url).pathname.slice(1);
    const client = new Client({ host: folder, port, user, password, database, connectionTimeoutMillis: 20_000 });
    await client.connect();
    try {
      // Several statements have several results.
      return [await client.query(statement)].flat().at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  const addressOf = (database: string) => `postgres://${user}@${host}:${port}/${database}`;
  const log = () => readFile(join(folder, 'server.log'), 'utf8');

  async function up(): Promise<void> {
    const output = await open(join(folder, 'server.log'), 'a');
    const [program, ...given] = [...within, ...lowered('--pdeathsig', 'QUIT'), ...line] as [string, ...string[]];
    const started = spawn(program, given, { stdio: ['ignore', output.fd, output.fd], cwd: '/' });
    server = started;
    await new Promise((resolve, reject) => started.once('spawn', resolve).once('error', reject));
    await output.close();
    const deadline = Date.now() + 30_000;
    while ((await query('select 1').catch(() => [])).length === 0) {
      if (started.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL did not start:\n${await log()}`);
      }
      await delay(30);
    }
  }

  async function down(): Promise<void> {
    const ending = server;
    server = null;
    if (ending !== null && ending.exitCode === null && ending.signalCode === null) {
      const closed = new Promise((resolve) => ending.once('close', resolve));
      // "Fast": open transactions are rolled back, connections cut.
      ending.kill('SIGINT');
      await closed;
    }
  }

  await up();
  let databases = 0;
  return {
    ...{ host, port, user, password, url: addressOf('postgres'), query, down, up, log },
    createDatabase: async () => {
      const name = `ledger_${++databases}`;
      await query(`create database ${name}`);
      return addressOf(name);
    },
    restart: async () => {
      await down();
      await up();
    },
    stop: async () => {
      await down();
      await rm(folder, { recursive: true });
    },
  };
}

function findPrograms(): string {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)) : [];
  const found = versions.map((version) => join(root, version, 'bin')).find((bin) => existsSync(join(bin, 'postgres')));
  if (found === undefined) {
    throw new Error(`these tests need PostgreSQL in ${root}; install it with: apt-get install postgresql`);
  }
  return found;
}

async function makeCluster(programs: string, folder: string, password: string): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o644 });
  if (isRoot()) {
    await chown(folder, unprivileged.uid, unprivileged.gid);
  }
  const [program, ...given] = [
    ...lowered(),
    ...[join(programs, 'initdb'), '-D', join(folder, 'data'), '-U', user, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'],
  ] as [string, ...string[]];
  await promisify(execFile)(program, given, { cwd: '/' });
  await rm(passwordFile);
  const rules = join(folder, 'data', 'pg_hba.conf');
  await writeFile(rules, `${await readFile(rules, 'utf8')}host all all all scram-sha-256\n`);
}

async function installCertificate(folder: string, tls: NonNullable<Options['tls']>): Promise<string[]> {
  for (const [name, content] of [
    ['server.key', tls.key],
    ['server.crt', tls.certificate],
  ] as const) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    if (isRoot()) {
      await chown(join(folder, name), unprivileged.uid, unprivileged.gid);
    }
  }
  return ['ssl=on', `ssl_cert_file=${join(folder, 'server.crt')}`, `ssl_key_file=${join(folder, 'server.key')}`];
}

/** The system's `setpriv`, which gives up root's rights, and asks for a signal when the parent dies. */
function lowered(...more: string[]): string[] {
  const { uid, gid } = unprivileged;
  return ['setpriv', ...(isRoot() ? [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : []), ...more];
}

const isRoot = () => userInfo().uid === 0;
