import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** What a server proves: that it is the one on this database, and that it is the one behind this port. */
export interface ServedFiles {
  readonly database: string;
  readonly port: number;
}

/**
 * Whether the process has this very file open (not a copy of it, whatever their names) and listens on this port. Where the
 * system does not list open files, its command line must name both.
 */
export function serves(pid: number, { database, port }: ServedFiles): boolean {
  return process.platform === 'linux' ? hasOpen(pid, database) && listensOn(pid, port) : isTold(pid, database, port);
}

function hasOpen(pid: number, path: string): boolean {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return (
    file !== undefined &&
    descriptorsOf(pid).some((descriptor) => {
      const open = tryTo(() => statSync(descriptor, { bigint: true }));
      return open?.ino === file.ino && open.dev === file.dev;
    })
  );
}

/** Exported for the server that is starting: another program may have taken its port. */
export function listensOn(pid: number, port: number): boolean {
  if (process.platform !== 'linux') {
    return true;
  }
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = ['tcp', 'tcp6'].map((table) => tryTo(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8')) ?? '');
  const listening = tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => state === LISTENING && address?.endsWith(local) === true)
    .map((fields) => `socket:[${fields[9]}]`);
  return descriptorsOf(pid).some((descriptor) => listening.includes(tryTo(() => readlinkSync(descriptor)) ?? ''));
}

const LISTENING = '0A';

/** None for a process of another user, or one that has just ended. */
const descriptorsOf = (pid: number): string[] =>
  (tryTo(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map((name) => `/proc/${pid}/fd/${name}`);

function isTold(pid: number, database: string, port: number): boolean {
  const command =
    tryTo(() => execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })) ?? '';
  return command.includes(` ${database}`) && command.includes(` --port ${port} `);
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
