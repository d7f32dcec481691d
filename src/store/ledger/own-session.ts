import { accountNames } from './accounts';
import { type SendDecision, takeBack } from './calls';
import { type Change, LedgerUnreachable } from './database';
import type { GroupCommit, Sharing } from './group-commit';
import type { Charge, Reservation } from './reservations';
import {
  beginSession,
  endCallsById,
  endSession,
  leaseMs,
  leaseRenewalMs,
  recoverDead,
  renewLease,
  SessionEnded,
} from './sessions';

/** This process, as the ledger knows it. It opens a new session when others considered it dead. */
export interface OwnSession {
  readonly id: string;
  /** @param change made anew for the session that it is done in */
  reserving<T>(change: () => Change<T>, charge: Charge): Promise<T>;
  /** The last step before a request goes out: resolves only while nobody can have considered this process dead. */
  sending(call: Reservation, change: Change<SendDecision>, hash: string): Promise<SendDecision>;
  /** While the database is unreachable the calls stay open; once it is back they end like those of a dead process. */
  ending<T>(calls: readonly string[], change: Change<T>, apart?: string): Promise<T>;
  close(): Promise<void>;
}

export async function openLedgerSession(group: GroupCommit): Promise<OwnSession> {
  /** Not later than the renewal that the lease counts from. */
  let signedAt = Date.now();
  let id = await begin(group);
  await group.submit(recoverDead(id));
  /** Calls whose end could not be recorded. */
  const left = new Set<string>();

  async function endLeft(): Promise<void> {
    const ids = [...left];
    if (ids.length > 0) {
      await group.submit(endCallsById(ids));
      for (const one of ids) {
        left.delete(one);
      }
    }
  }

  async function renew(): Promise<void> {
    const at = Date.now();
    if (!(await group.submit(renewLease(id)))) {
      id = await begin(group);
    }
    signedAt = at;
    await endLeft();
    // Somebody may be waiting for a call that a dead process of another machine left; the ledger only says `busy`.
    await group.submit(recoverDead(id));
  }

  const timer = setInterval(() => void renew().catch(() => undefined), leaseRenewalMs);
  timer.unref();

  const submitted = async <T>(calls: readonly string[], change: Change<T>, sharing: Sharing): Promise<T> => {
    try {
      return await group.submit(change, sharing);
    } catch (error) {
      if (error instanceof LedgerUnreachable) {
        for (const call of calls) {
          left.add(call);
        }
      }
      throw error;
    }
  };

  return {
    get id() {
      return id;
    },
    reserving: async (change, charge) => {
      const touched = accountNames(charge).filter((name) => name !== undefined);
      await endLeft();
      try {
        return await submitted([], change(), { touched });
      } catch (error) {
        if (!(error instanceof SessionEnded)) {
          throw error;
        }
        await renew();
        return submitted([], change(), { touched });
      }
    },
    sending: async (call, change, apart) => {
      for (;;) {
        if (Date.now() - signedAt > leaseMs / 2) {
          await renew();
        }
        const decision = await submitted([call.id], change, { apart });
        if (!decision.send || Date.now() - signedAt < leaseMs - leaseRenewalMs) {
          return decision;
        }
        // The commit took so long that others may have ended the call; then this fails.
        await submitted([call.id], takeBack(call), {});
      }
    },
    ending: (calls, change, apart) => submitted(calls, change, apart === undefined ? {} : { apart }),
    close: async () => {
      clearInterval(timer);
      await group.idle();
      await group.submit(endSession(id)).catch((error: unknown) => {
        // The next session finds this one dead.
        if (!(error instanceof LedgerUnreachable)) {
          throw error;
        }
      });
    },
  };
}

async function begin(group: GroupCommit): Promise<string> {
  const { id, change } = beginSession();
  await group.submit(change);
  return id;
}
