import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { TutelageError } from '../core/errors';

/**
 * A process, distinguished from a later one with the same number: the number and the moment it started, as the system
 * words it. Only ever compared for equality, on the machine that wrote it.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (own === undefined) {
    throw hiddenProcesses();
  }
  return own;
}

/** The process that has this number now; undefined when there is none, or only one that has ended and was not yet reaped. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const start = startOf(pid);
  if (start === undefined) {
    return undefined;
  }
  const { boot } = thisMachine();
  return { pid, startedAt: boot === '' ? start : `${boot}/${start}` };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identityOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Where process numbers mean something: between two machines, containers or boots they cannot be compared. */
export interface Machine {
  /** The host's name and its process-number namespace. */
  readonly host: string;
  /** Which boot of it; empty where start times are told by the clock and need no boot. */
  readonly boot: string;
}

let machine: Machine | undefined;

export function thisMachine(): Machine {
  machine ??=
    process.platform === 'linux'
      ? {
          host: `${hostname()} ${fromProc(() => readlinkSync('/proc/self/ns/pid'))}`,
          boot: fromProc(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
        }
      : { host: `${hostname()} `, boot: '' };
  return machine;
}

function fromProc(read: () => string): string {
  try {
    return read();
  } catch (cause) {
    throw hiddenProcesses(cause);
  }
}

const hiddenProcesses = (cause?: unknown) =>
  new TutelageError(
    'missing',
    'this system does not show its processes: /proc is not mounted, or hides them',
    'mount /proc (in a container: do not mask it); without it, a run that died cannot be distinguished from one that works',
    { cause },
  );

/** When the process with this number started, within this boot of the machine; undefined as for `identityOf`. */
export function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid);
}

/** In clock ticks since boot: after a reboot another process can have the same number and ticks. */
function startOnLinux(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, the command, is in parentheses and may itself hold spaces and parentheses; what follows it is
  // state (field 3) ... start time (field 22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  return state === 'Z' || state === 'X' ? undefined : ticks;
}

function startElsewhere(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
