import { setTimeout as sleep } from 'node:timers/promises';
import { type Caps, capsOf, type TokenUsage } from '../../core/budget/price';
import type { Spend } from '../../core/run-record';
import { type Account, type AccountName, openAccount, readAccount, setCaps } from './accounts';
import { jobOwner } from './call-states';
import {
  type CallOutcome,
  dropSamples,
  markSent,
  markUnknown,
  release,
  type SendDecision,
  settle,
  takeBack,
} from './calls';
import type { Change, LedgerMark, StoreOptions } from './database';
import { GroupCommit } from './group-commit';
import { readMark } from './identity';
import { isPostgres, openStore, openStoreToRead } from './location';
import type { Overrun } from './overruns';
import { openLedgerSession } from './own-session';
import {
  type Bill,
  billOf,
  type CallCounts,
  callCounts,
  recount,
  spendOf,
  triesOf,
  type UnknownCall,
  unknownCalls,
} from './queries';
import type { StoredCall } from './read-ledger';
import type { Charge, Refusal, Reservation } from './reservations';
import { type Reserved, type RowToReserve, reserveAgain, reserveRows } from './reserve';
import { type CallToReserve, type ReservedCalls, reserveCalls } from './reserve-calls';
import { endAllSessions, endCallsOf, recoverDead } from './sessions';
import { shareCalls } from './share-calls';

export type { Account, AccountName, CapName } from './accounts';
export type { CallOutcome, SendDecision } from './calls';
export type { LedgerMark } from './database';
export type { Overrun } from './overruns';
export { type Bill, type CallCounts, RECENT_MS, type UnknownCall } from './queries';
export type { Charge, GrantedCall, Refusal, Reservation } from './reservations';
export type { GrantedRow, Reserved, RowToReserve } from './reserve';
export type { CallToReserve, ReservedCalls } from './reserve-calls';
export type { StoredAnswer } from './stored-answer';

/**
 * The table of calls and the rule over it: nothing is reserved that could take settled + reserved + unknown over a cap,
 * and nothing is sent on an account that an endpoint's bill took over one. Every promise that
 * resolves has been committed durably. One ledger a process; several processes may share the file.
 */
export interface Ledger {
  /** The accounts of a run and of its experiment. Idempotent: an account that exists keeps its caps. */
  openAccount(opening: Opening): Promise<void>;
  /** @throws TutelageError `usage` when a cap would be below what is spent or reserved */
  setCaps(account: AccountName, caps: Caps, who: string): Promise<void>;
  account(account: AccountName): Promise<Account>;
  /**
   * All calls of every row at worst-case price, in rank order, up to the first refusal. With a batch job's name they
   * belong to the job: they outlive this process, and reserving again finds them.
   */
  reserveRows(charge: Charge, rows: readonly RowToReserve[], job?: string): Promise<Reserved>;
  /** Calls that make no row (grades), each at worst-case price, in order, up to the first refusal. */
  reserveCalls(charge: Charge, calls: readonly CallToReserve[]): Promise<ReservedCalls>;
  /** After `markUnknown`: room for the same call once more. */
  reserveAgain(lost: Reservation): Promise<Reservation | Refusal>;
  /** The last step before a request goes out; not where the workspace owns the answer or an equal request is in flight. */
  markSent(call: Reservation, requestHash: string, priceOf: (usage: TokenUsage) => number): Promise<SendDecision>;
  /** After `markSent` found an equal request in flight: resolves when `markSent` is worth calling again. */
  equalRequestEnded(requestHash: string): Promise<void>;
  /** The request cost nothing and will be sent again. */
  takeBack(call: Reservation, attempt: number): Promise<void>;
  /** How often a batch job was given each request without answering it, by hash. */
  triesOfJob(run: string, job: string): Promise<ReadonlyMap<string, number>>;
  /** Ends what is reserved in a batch job's name: what was not sent is released, and of `all` the rest becomes unknown. */
  endJob(job: string, what: 'unsent' | 'all'): Promise<void>;
  /** @returns the overrun, where the bill took an account over a cap: nothing more is sent on that account */
  settle(call: Reservation, outcome: CallOutcome): Promise<Overrun | null>;
  release(calls: readonly Reservation[]): Promise<void>;
  markUnknown(call: Reservation): Promise<void>;
  /** Rows (by name) of this run that were not accepted: their samples are free again. Idempotent. */
  dropSamples(run: string, rows: readonly string[]): Promise<void>;
  /**
   * The account of a run that begins with what another has bought: groups of calls, one for each iteration. Idempotent.
   * @throws TutelageError `usage` when they are above a cap; then there is no account
   */
  openSharing(opening: Opening, groups: readonly (readonly StoredCall[])[]): Promise<void>;
  /** Ends the calls of dead processes; returns how many became unknown. Also done when the ledger opens. */
  recover(): Promise<number>;
  /** As the run's budget counts it: answers shared with other runs at their price. */
  spendOf(run: string, throughIteration?: number): Promise<Spend>;
  /** As the experiment's cap counts it: every bought answer once. */
  spendOfExperiment(experiment: string): Promise<Spend>;
  billOf(account: AccountName | null): Promise<Bill>;
  callCounts(account: AccountName): Promise<CallCounts>;
  unknownCalls(account: AccountName | null): Promise<UnknownCall[]>;
  /** Sentences about accounts that do not add up; empty when all do. */
  recount(): Promise<string[]>;
  /** Which ledger it is, and how far it has come. */
  mark(): Promise<LedgerMark>;
  /** Sent calls of this session become unknown, the others are released. */
  close(): Promise<void>;
}

/** Who is charged, with the caps from the configuration. A budget that is left out has no caps. */
export interface Opening extends Charge {
  readonly budget: CapsInFile;
  readonly experimentBudget?: CapsInFile | undefined;
}

type CapsInFile = Parameters<typeof capsOf>[0];

/** In the ledger of a copied workspace: ends what the processes of the original had open when it was copied. */
export async function endForeignSessions(location: string): Promise<void> {
  const store = await openStore(location);
  try {
    await store.change(endAllSessions, []);
  } finally {
    await store.close();
  }
}

/** What is shown of accounts. */
export type LedgerView = Pick<Ledger, 'account' | 'spendOf' | 'callCounts' | 'close'>;

/**
 * The ledger for whoever only looks: nothing is made or changed, no session begins.
 * @returns `null` for a file that does not exist
 */
export async function openLedgerView(location: string, options: StoreOptions = {}): Promise<LedgerView | null> {
  const store = await openStoreToRead(location, options);
  return (
    store && {
      account: (account) => store.read((database) => readAccount(database, account)),
      spendOf: (run) => store.read((database) => spendOf(database, { kind: 'run', name: run })),
      callCounts: (account) => store.read((database) => callCounts(database, account)),
      close: () => store.close(),
    }
  );
}

/** How often the ledger is asked about an equal request of another process. */
const pollMs = 100;
/** How long an equal request of this process is waited for before the ledger is asked again. */
const lookAgainMs = 5000;

/** @param location as `ledgerLocation` says it: the workspace's file, made when missing, or the address of a database */
export async function openLedger(
  location: string,
  options: StoreOptions & { readonly groupWindowMs?: number } = {},
): Promise<Ledger> {
  const store = await openStore(location, options);
  const group = new GroupCommit(store, options.groupWindowMs ?? 2);
  const session = await openLedgerSession(group).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  let made = 0;
  let lastSettled: string | undefined;
  const nextId = () => `${session.id}.${++made}`;
  const inFlight = new InFlight();

  const ending = async <T>(calls: readonly Reservation[], change: Change<T>, apart?: string): Promise<T> => {
    const ids = calls.map(({ id }) => id);
    try {
      return await session.ending(ids, change, apart);
    } finally {
      ids.forEach((id) => {
        inFlight.end(id);
      });
    }
  };

  return {
    openAccount: (opening) => group.submit(openAccounts(opening)),
    openSharing: (opening, groups) =>
      group.submit(async (transaction, moment) => {
        await openAccounts(opening)(transaction, moment);
        await shareCalls(session.id, opening.run, groups)(transaction, moment);
      }),
    setCaps: (account, caps, who) => group.submit(setCaps(account, caps, who), { touched: [account] }),
    account: (account) => store.read((database) => readAccount(database, account)),
    reserveRows: (charge, rows, job) => {
      const owner = () => (job === undefined ? session.id : jobOwner(job));
      return session.reserving(() => reserveRows(owner(), charge, rows, nextId), charge);
    },
    reserveCalls: (charge, calls) => session.reserving(() => reserveCalls(session.id, charge, calls, nextId), charge),
    reserveAgain: (lost) => session.reserving(() => reserveAgain(session.id, lost, nextId()), lost),
    markSent: async (call, hash, priceOf) => {
      const decision = await session.sending(call, markSent(call, hash, priceOf), hash);
      if (decision.send) {
        inFlight.begin(call.id, hash);
      }
      return decision;
    },
    equalRequestEnded: async (hash) => {
      if (!(await inFlight.ended(hash))) {
        // Another process has it, and may be dead.
        await sleep(pollMs);
        await group.submit(recoverDead(session.id));
      }
    },
    takeBack: (call, attempt) => ending([call], takeBack(call, attempt)),
    settle: async (call, outcome) => {
      const overrun = await ending([call], settle(call, outcome), call.id);
      lastSettled = call.id;
      return overrun;
    },
    release: (calls) => ending(calls, release(calls)),
    markUnknown: (call) => ending([call], markUnknown(call)),
    triesOfJob: (run, job) => store.read((database) => triesOf(database, run, jobOwner(job))),
    endJob: async (job, what) => {
      await group.submit(endCallsOf(jobOwner(job), what));
    },
    dropSamples: (run, rows) => group.submit(dropSamples(run, rows), { touched: [{ kind: 'run', name: run }] }),
    recover: () => group.submit(recoverDead(session.id)),
    spendOf: (run, through) => store.read((database) => spendOf(database, { kind: 'run', name: run }, through)),
    spendOfExperiment: (name) => store.read((database) => spendOf(database, { kind: 'experiment', name })),
    billOf: (account) => store.read((database) => billOf(database, account)),
    callCounts: (account) => store.read((database) => callCounts(database, account)),
    unknownCalls: (account) => store.read((database) => unknownCalls(database, account)),
    recount: () => store.read(recount),
    mark: async () => {
      const mark = await store.read((database) => readMark(database, !isPostgres(location)));
      return lastSettled === undefined ? mark : { ...mark, lastSettled };
    },
    close: async () => {
      store.hurry();
      await session.close();
      await store.close();
    },
  };
}

function openAccounts({ run, experiment, budget, experimentBudget }: Opening): Change<void> {
  return async (transaction, moment) => {
    await openAccount({ kind: 'run', name: run }, capsOf(budget))(transaction, moment);
    if (experiment !== null) {
      await openAccount({ kind: 'experiment', name: experiment }, capsOf(experimentBudget ?? {}))(transaction, moment);
    }
  };
}

/** Requests of this process in flight, so that an equal one waits for the outcome without polling. */
class InFlight {
  private readonly hashes = new Map<string, string>();
  private readonly outcomes = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>();

  begin(call: string, hash: string): void {
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.hashes.set(call, hash);
    this.outcomes.set(hash, { promise, resolve });
  }

  end(call: string): void {
    const hash = this.hashes.get(call);
    if (hash !== undefined) {
      this.outcomes.get(hash)?.resolve();
      this.outcomes.delete(hash);
      this.hashes.delete(call);
    }
  }

  /** Waits for the outcome; `false` where this process has no such request in flight. */
  async ended(hash: string): Promise<boolean> {
    const outcome = this.outcomes.get(hash);
    // A batch job that begins here may be collected elsewhere.
    await Promise.race([outcome?.promise, sleep(lookAgainMs, undefined, { ref: false })]);
    return outcome !== undefined;
  }
}
