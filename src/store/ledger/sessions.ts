import { randomBytes } from 'node:crypto';
import { TutelageError } from '../../core/errors';
import { type Machine, startOf, thisMachine } from '../../processes/process-identity';
import { changeAccounts } from './accounts';
import { isReserved } from './call-states';
import type { Change, LedgerDatabase, Moment } from './database';

/** How long a session on another machine, whose process cannot be checked, counts as alive after its last renewal. */
export const leaseMs = 60_000;
export const leaseRenewalMs = 15_000;

interface Process extends Machine {
  readonly pid: number;
  /** Empty in sessions of systems that did not say. */
  readonly process_start: string;
}

/** Writes down who this process is, so that its reservations are known to be dead when it is. */
export function beginSession(): { readonly id: string; readonly change: Change<void> } {
  const id = `${Date.now().toString(36)}-${randomBytes(5).toString('hex')}`;
  return {
    id,
    change: async (transaction, { at }) => {
      const row = { id, ...thisProcess(), lease_until: at + leaseMs, ended: 0 };
      await transaction.insertInto('sessions').values(row).execute();
    },
  };
}

/** Answers whether the session is still open: another process may have taken this one for dead. */
export function renewLease(id: string): Change<boolean> {
  return async (transaction, { at }) => {
    const { numUpdatedRows } = await transaction
      .updateTable('sessions')
      .set({ lease_until: at + leaseMs })
      .where('id', '=', id)
      .where('ended', '=', 0)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  };
}

/** The session of this process was ended by another one. */
export class SessionEnded extends TutelageError {
  constructor() {
    super(
      'transient',
      'another process considered this one dead, because its lease was not renewed for a minute',
      'the step is repeated; settled calls are reused',
    );
  }
}

/**
 * Reserving as a session that has ended would keep room reserved for ever. On a ledger of several machines the session is kept
 * open until this transaction ends, so that whoever ends it sees what was reserved.
 * @throws SessionEnded
 */
export async function assertOpen(transaction: LedgerDatabase, id: string, isShared: boolean): Promise<void> {
  const session = await transaction
    .selectFrom('sessions')
    .select('ended')
    .where('id', '=', id)
    .$if(isShared, (query) => query.forShare())
    .executeTakeFirst();
  if (session?.ended !== 0) {
    throw new SessionEnded();
  }
}

/** Ends sessions of dead processes and what they left. Answers how many calls became unknown. */
export function recoverDead(ownId: string): Change<number> {
  return async (transaction, moment) => {
    const open = await transaction
      .selectFrom('sessions')
      .selectAll()
      .where('ended', '=', 0)
      .where('id', '!=', ownId)
      .execute();
    const me = thisProcess();
    let unknown = 0;
    for (const session of open.filter((other) => !isAlive(other, me, moment))) {
      unknown += await endDead(session)(transaction, moment);
    }
    return unknown;
  };
}

/** Ends all sessions, whoever they are of: in a copied ledger they are those of the original's processes. */
export const endAllSessions: Change<void> = async (transaction, moment) => {
  const open = await transaction.selectFrom('sessions').select('id').where('ended', '=', 0).execute();
  for (const { id } of open) {
    await endSession(id)(transaction, moment);
  }
};

/** A session's sent calls become unknown, the others are released. Answers how many became unknown. */
export function endSession(id: string): Change<number> {
  return async (transaction, moment) => {
    await transaction.updateTable('sessions').set({ ended: 1 }).where('id', '=', id).execute();
    const left = await openCalls(transaction, moment).where('owner', '=', id).execute();
    return endCalls(left)(transaction, moment);
  };
}

/** Ends what one owner has reserved. */
export function endCallsOf(owner: string, what: 'unsent' | 'all'): Change<number> {
  return async (transaction, moment) => {
    const left = await openCalls(transaction, moment)
      .where('owner', '=', owner)
      .$if(what === 'unsent', (query) => query.where('request_hash', 'is', null))
      .execute();
    return endCalls(left)(transaction, moment);
  };
}

/** Calls whose end could not be written down when it came: as if their session had ended. */
export function endCallsById(ids: readonly string[]): Change<number> {
  return async (transaction, moment) => {
    const left = await openCalls(transaction, moment)
      .where('id', 'in', [...ids])
      .execute();
    return endCalls(left)(transaction, moment);
  };
}

/** Only if its lease is unchanged: it may have been renewed since it was read. */
function endDead({ id, lease_until }: { readonly id: string; readonly lease_until: number }): Change<number> {
  return async (transaction, moment) => {
    const { numUpdatedRows } = await transaction
      .updateTable('sessions')
      .set({ ended: 1 })
      .where('id', '=', id)
      .where('ended', '=', 0)
      .where('lease_until', '=', lease_until)
      .executeTakeFirst();
    return numUpdatedRows === 1n ? endSession(id)(transaction, moment) : 0;
  };
}

/** What is read of them stays true until the transaction ends. */
const openCalls = (transaction: LedgerDatabase, { isShared }: Moment) =>
  transaction
    .selectFrom('calls')
    .select(['id', 'run', 'experiment', 'samples', 'worst_tokens', 'worst_nano_usd', 'request_hash'])
    .where(isReserved)
    .orderBy('id')
    .$if(isShared, (query) => query.forUpdate());

type OpenCall = Awaited<ReturnType<ReturnType<typeof openCalls>['execute']>>[number];

function endCalls(calls: readonly OpenCall[]): Change<number> {
  return async (transaction, { at }) => {
    for (const call of calls) {
      const sent = call.request_hash !== null;
      await transaction
        .updateTable('calls')
        .set({ state: sent ? 'unknown' : 'released', samples: 0, ended_at: at })
        .where('id', '=', call.id)
        .execute();
      await changeAccounts(transaction, call, {
        samples: -call.samples,
        tokens: sent ? 0 : -call.worst_tokens,
        nanoUsd: sent ? 0 : -call.worst_nano_usd,
      });
    }
    return calls.filter(({ request_hash }) => request_hash !== null).length;
  };
}

/**
 * A process of this machine is checked directly. One of another machine is alive while its lease runs; the time in which the
 * database itself was away does not count against it.
 */
function isAlive(other: Process & { lease_until: number }, me: Process, { at, upSince, isShared }: Moment): boolean {
  const leaseRuns = Math.max(other.lease_until, upSince + leaseMs) > at;
  if (other.host !== me.host || (isShared && other.boot !== me.boot)) {
    return leaseRuns;
  }
  if (other.boot !== me.boot) {
    return false;
  }
  return other.process_start === '' ? leaseRuns : startOf(other.pid) === other.process_start;
}

function thisProcess(): Process {
  return { ...thisMachine(), pid: process.pid, process_start: startOf(process.pid) ?? '' };
}
