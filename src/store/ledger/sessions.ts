import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { changeAccounts } from './accounts';
import type { Change } from './group-commit';

/** How long a session that cannot be looked at (another machine's) counts as alive after its last sign. */
const leaseMs = 60_000;
export const leaseRenewalMs = 15_000;

interface Process {
  /** Machine and process-id namespace: within one, a pid can be looked up. */
  readonly host: string;
  readonly boot: string;
  readonly pid: number;
  readonly process_start: string;
}

/** Writes down who this process is, so that its reservations are known to be dead when it is. */
export function beginSession(): { readonly id: string; readonly change: Change<void> } {
  const id = `${Date.now().toString(36)}-${randomBytes(5).toString('hex')}`;
  return {
    id,
    change: async (transaction) => {
      const row = { id, ...thisProcess(), lease_until: Date.now() + leaseMs, ended: 0 };
      await transaction.insertInto('sessions').values(row).execute();
    },
  };
}

export function renewLease(id: string): Change<void> {
  return async (transaction) => {
    await transaction
      .updateTable('sessions')
      .set({ lease_until: Date.now() + leaseMs })
      .where('id', '=', id)
      .execute();
  };
}

/** Ends sessions of dead processes and what they left. Answers how many calls became unknown. */
export function recoverDead(ownId: string): Change<number> {
  return async (transaction) => {
    const open = await transaction
      .selectFrom('sessions')
      .selectAll()
      .where('ended', '=', 0)
      .where('id', '!=', ownId)
      .execute();
    const me = thisProcess();
    let unknown = 0;
    for (const session of open.filter((other) => !isAlive(other, me))) {
      unknown += await endSession(session.id)(transaction);
    }
    return unknown;
  };
}

/** A session's sent calls become unknown, the others are released. Answers how many became unknown. */
export function endSession(id: string): Change<number> {
  return async (transaction) => {
    const left = await transaction
      .selectFrom('calls')
      .select(['id', 'run', 'experiment', 'samples', 'worst_tokens', 'worst_nano_usd', 'request_hash'])
      .where('owner', '=', id)
      .where('state', '=', 'reserved')
      .execute();
    for (const call of left) {
      const sent = call.request_hash !== null;
      await transaction
        .updateTable('calls')
        .set({ state: sent ? 'unknown' : 'released', samples: 0, ended_at: Date.now() })
        .where('id', '=', call.id)
        .execute();
      await changeAccounts(transaction, call, {
        samples: -call.samples,
        tokens: sent ? 0 : -call.worst_tokens,
        nanoUsd: sent ? 0 : -call.worst_nano_usd,
      });
    }
    await transaction.updateTable('sessions').set({ ended: 1 }).where('id', '=', id).execute();
    return left.filter((call) => call.request_hash !== null).length;
  };
}

function isAlive(other: Process & { lease_until: number }, me: Process): boolean {
  if (other.host !== me.host) {
    return other.lease_until > Date.now();
  }
  if (other.boot !== me.boot) {
    return false;
  }
  if (other.process_start !== '') {
    return processStart(other.pid) === other.process_start;
  }
  return pidExists(other.pid) && other.lease_until > Date.now();
}

let known: Process | undefined;

function thisProcess(): Process {
  known ??= {
    host: `${hostname()} ${readOr('', () => readlinkSync('/proc/self/ns/pid'))}`,
    boot: readOr('', () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pid: process.pid,
    process_start: processStart(process.pid),
  };
  return known;
}

/** Field 22 of /proc/<pid>/stat; the command's name before it may hold spaces and brackets. A zombie is dead. */
function processStart(pid: number): string {
  const stat = readOr('', () => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readOr(fallback: string, read: () => string): string {
  try {
    return read();
  } catch {
    return fallback;
  }
}
