import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { TutelageError } from '../core/errors';
import type { GrantedCall, Refusal } from '../store/ledger';
import { limitsOf } from './limiter';
import { overrunError } from './overrun-error';
import { PaidCaller, type PaidCallParts } from './paid-call';
import type { BuyProgress } from './types';

/** Requests that are in flight when a run is cancelled have this long to finish; after that they count as unknown. */
const graceMs = 5000;

/** How long a purchase that a cap refused for now waits before it asks for a reservation again. */
const reserveAgainMs = 100;

export interface PurchaseOptions {
  readonly parts: PaidCallParts;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: BuyProgress) => void) | undefined;
  /** How a refusal is worded: who refused how many of what, and the section of the file to correct. */
  readonly wording: { readonly who: string; readonly what: string; readonly section: string };
}

/** What a reservation round granted of the items that were still left. */
interface ReservationRound<Item, Granted> {
  readonly granted: ReadonlyMap<Item, Granted>;
  readonly overBudget: Refusal | 'busy' | null;
}

interface Buying<Item, Granted> {
  reserve(left: readonly Item[]): Promise<ReservationRound<Item, Granted>>;
  /** Makes the calls of one item; resolves when its result is stored. */
  buy(item: Item, granted: Granted): Promise<void>;
  /** A cap leaves this item out for good. */
  leaveOut(item: Item, refusal: Refusal): void;
}

/**
 * The engine behind every purchase: reserves items in order, works on several at once, counts refusals, and ends
 * cleanly. After a cancellation or the first failure nothing new is sent; calls in flight may still settle.
 */
export class Purchase {
  private readonly working = new Set<Promise<void>>();
  private readonly stop = new AbortController();
  private readonly cut = new AbortController();
  private readonly waiting = new Map<object, string>();
  private failure: { readonly error: unknown } | null = null;
  private failing = 0;
  private done = 0;
  private total = 0;

  constructor(private readonly options: PurchaseOptions) {
    // Every request in flight listens to both.
    setMaxListeners(0, this.stop.signal, this.cut.signal);
  }

  /** @throws the reason of the cancellation, else the first failure, once every call in flight has ended */
  async run(work: () => Promise<void>): Promise<void> {
    const { signal, parts } = this.options;
    let grace: NodeJS.Timeout | undefined;
    const cancel = () => {
      this.stop.abort(signal.reason);
      grace = setTimeout(() => this.cut.abort(), graceMs);
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', cancel);
    const leave = parts.limiter.join(limitsOf(parts.config));
    const heartbeat = setInterval(() => this.report(), 1000);
    try {
      await work();
    } catch (error) {
      this.fail(error);
    } finally {
      await Promise.all(this.working);
      leave();
      clearInterval(heartbeat);
      clearTimeout(grace);
      signal.removeEventListener('abort', cancel);
    }
    signal.throwIfAborted();
    this.throwFailure();
  }

  /** Buys the items, reserved in the order given; resolves when each was bought or left out by a cap. */
  async buyAll<Item, Granted>(items: readonly Item[], buying: Buying<Item, Granted>): Promise<void> {
    this.total += items.length;
    let left = items;
    while (left.length > 0) {
      this.stop.signal.throwIfAborted();
      const { granted, overBudget } = await buying.reserve(left);
      for (const item of left) {
        const itsGrant = granted.get(item);
        if (itsGrant !== undefined) {
          this.start(() => buying.buy(item, itsGrant));
        }
      }
      if (overBudget !== null && overBudget !== 'busy' && overBudget.overrun !== null) {
        throw overrunError(overBudget.overrun, this.options.parts.config);
      }
      left = left.filter((item) => !granted.has(item));
      if (overBudget !== null && overBudget !== 'busy' && overBudget.final) {
        for (const item of left) {
          buying.leaveOut(item, overBudget);
          this.finish();
        }
        break;
      }
      if (left.length > 0) {
        // True prices come in below worst cases, here or in another purchase, and free room.
        await Promise.race([...this.working, sleep(reserveAgainMs)]);
      }
    }
    await Promise.all(this.working);
    this.throwFailure();
  }

  /** Gives `work` a caller for these calls; whatever of them it did not use is released afterwards. */
  async withCaller<T>(calls: readonly (GrantedCall | null)[], work: (caller: PaidCaller) => Promise<T>): Promise<T> {
    const key = {};
    const caller = new PaidCaller({
      parts: this.options.parts,
      calls,
      stopped: this.stop.signal,
      cut: this.cut.signal,
      onWaiting: (why) => this.note(key, why),
    });
    try {
      return await work(caller);
    } finally {
      this.waiting.delete(key);
      await caller.end();
    }
  }

  /** @throws TutelageError `teacher-refused` when so many were refused that the next ones will be, too */
  countRefusal(reason: string): void {
    this.failing += 1;
    const { parts, wording } = this.options;
    if (this.failing >= Math.max(5, parts.config.failing_share_max * this.total)) {
      throw new TutelageError(
        'teacher-refused',
        `${wording.who} refused ${this.failing} of ${this.total} ${wording.what}; the last: ${reason}`,
        `correct the ${wording.section} section of the configuration, or the seeds, then resume; refused requests cost nothing`,
      );
    }
  }

  private start(work: () => Promise<void>): void {
    const working = work()
      .then(() => this.finish())
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.working.delete(working);
      });
    this.working.add(working);
  }

  private finish(): void {
    this.done += 1;
    this.report();
  }

  /** The first failure stops the purchase: nothing new is sent, calls in flight may still settle. */
  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stop.abort(error);
  }

  private throwFailure(): void {
    if (this.failure !== null) {
      throw this.failure.error;
    }
  }

  private note(key: object, why: string | null): void {
    if (why === null) {
      this.waiting.delete(key);
    } else {
      this.waiting.set(key, why);
      this.report();
    }
  }

  private report(): void {
    const [waiting = null] = this.waiting.values();
    this.options.onProgress?.({ done: this.done, total: this.total, waiting });
  }
}
