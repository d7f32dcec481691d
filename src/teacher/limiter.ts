import { setTimeout as sleep } from 'node:timers/promises';

export interface Limits {
  readonly parallelMax: number;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

/**
 * How much one endpoint is asked at once; shared by all runs of a process. The number of parallel requests adapts: a
 * 429 takes a tenth away, an answer gives half a request back, so it settles by the share of 429s (at one in twenty it
 * stays near a hundred, at one in two near five) instead of collapsing at every one.
 */
export class Limiter {
  /** A request holds a place of `sending` from its mark in the ledger to its reply, so no more than these can get lost. */
  readonly sending: Gate;
  /**
   * A row holds a place of `working` for its two calls. There are a fifth more of these, so that rows whose question is
   * being committed leave no request slot empty.
   */
  readonly working: Gate;
  private parallel: number;
  private readonly requests: Pace;
  private readonly tokens: Pace;

  constructor(private readonly limits: Limits) {
    this.parallel = limits.parallelMax;
    this.requests = new Pace(limits.requestsPerMinute);
    this.tokens = new Pace(limits.tokensPerMinute);
    this.sending = new Gate(() => this.parallelNow);
    this.working = new Gate(() => Math.ceil(this.parallelNow * 1.2));
  }

  /** Waits until the endpoint's limits a minute allow one more request with this many tokens. */
  async pace(tokens: number, signal: AbortSignal): Promise<void> {
    const ms = Math.max(this.requests.reserve(1), this.tokens.reserve(tokens));
    if (ms > 0) {
      await sleep(ms, undefined, { signal });
    }
  }

  answered(): void {
    this.parallel = Math.min(this.limits.parallelMax, this.parallel + 0.5);
    this.sending.admit();
    this.working.admit();
  }

  throttled(): void {
    this.parallel = Math.max(1, this.parallel * 0.9);
  }

  /** The present limit of parallel requests. */
  get parallelNow(): number {
    return Math.floor(this.parallel);
  }
}

/** So many at once; first come, first served. */
class Gate {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: () => number) {}

  async take(): Promise<void> {
    if (this.taken < this.places()) {
      this.taken += 1;
      return;
    }
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  free(): void {
    this.taken -= 1;
    this.admit();
  }

  /** Lets in whom the limit now allows. */
  admit(): void {
    while (this.taken < this.places()) {
      const next = this.waiting.shift();
      if (next === undefined) {
        return;
      }
      this.taken += 1;
      next();
    }
  }
}

/** Spreads a rate evenly, with a burst of at most two seconds' worth after a pause. */
class Pace {
  private nextAtMs = 0;

  constructor(private readonly perMinute: number | null) {}

  /** @returns milliseconds to wait before using `amount` */
  reserve(amount: number): number {
    if (this.perMinute === null) {
      return 0;
    }
    const now = Date.now();
    const at = Math.max(this.nextAtMs, now - 2000);
    this.nextAtMs = at + (amount * 60_000) / this.perMinute;
    return Math.max(0, at - now);
  }
}

const limiters = new Map<string, Limiter>();

/** One limiter for each endpoint and model of this process; the limits of the first caller hold. */
export function limiterOf(endpoint: string, limits: Limits): Limiter {
  const key = JSON.stringify([endpoint, limits]);
  const limiter = limiters.get(key) ?? new Limiter(limits);
  limiters.set(key, limiter);
  return limiter;
}
