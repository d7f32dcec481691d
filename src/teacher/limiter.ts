import { setTimeout as sleep } from 'node:timers/promises';
import type { TeacherConfig } from '../core/config/schema';

export interface Limits {
  readonly parallelMax: number;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

export const limitsOf = (config: TeacherConfig): Limits => ({
  parallelMax: config.max_parallel_requests,
  requestsPerMinute: config.requests_per_minute ?? null,
  tokensPerMinute: config.tokens_per_minute ?? null,
});

/** Latency counts as grown when its running mean is this many times its floor, ... */
const latencyGrowthMax = 3;
/** ... which costs a fifth of the parallel requests, at most once in that time, down to an eighth of the limit. */
const latencyShareMin = 1 / 8;

/**
 * How much one endpoint is asked at once; shared by all runs of a process. The number of parallel requests adapts: a
 * 429 takes a tenth away, an answer gives half a request back, so it settles by the share of 429s (at one in twenty it
 * stays near a hundred, at one in two near five) instead of collapsing at every one. Latency that grows well above its
 * floor takes some away too: an endpoint that queues requests answers no faster for having more of them.
 */
export class Limiter {
  /** A request occupies one of `sending` from its mark in the ledger to its reply, so no more than these can get lost. */
  readonly sending: Gate;
  /**
   * A row occupies one of `working` for its two calls. There are a fifth more of these, so that rows whose question is
   * being committed leave no request slot empty.
   */
  readonly working: Gate;
  /** Something was heard from the endpoint: from then on silence is taken for an outage and waited out. */
  isReached = false;
  private readonly members = new Set<Limits>();
  private share = 1;
  private latencyMs: number | null = null;
  private floorMs = Number.POSITIVE_INFINITY;
  private slowedAtMs = 0;
  private readonly rate = new LearnedRate();
  private readonly requests = new Pace();
  private readonly tokens = new Pace();

  constructor(private readonly otherwise: Limits) {
    this.sending = new Gate(() => this.parallelNow);
    this.working = new Gate(() => Math.ceil(this.parallelNow * 1.2));
  }

  /** While several purchases are at work the strictest of their limits hold. Give the result back when done. */
  join(limits: Limits): () => void {
    const member = { ...limits };
    this.members.add(member);
    this.admit();
    return () => {
      this.members.delete(member);
      this.admit();
    };
  }

  /**
   * Waits until the endpoint's limits a minute allow one more request with this many tokens, those of the configuration
   * and the one learned from its 429s.
   */
  async pace(tokens: number, signal: AbortSignal): Promise<void> {
    const configured = this.strictest('requestsPerMinute') ?? Number.POSITIVE_INFINITY;
    const perMinute = Math.min(configured, this.rate.perMinute ?? Number.POSITIVE_INFINITY);
    const ms = Math.max(
      this.requests.reserve(1, perMinute),
      this.tokens.reserve(tokens, this.strictest('tokensPerMinute') ?? Number.POSITIVE_INFINITY),
    );
    if (ms > 0) {
      await sleep(ms, undefined, { signal });
    }
    await this.pauseEnded(signal);
  }

  /** Waits while the endpoint answers nothing but 429: one pause for everyone, not one for each request. */
  async pauseEnded(signal: AbortSignal): Promise<void> {
    for (let ms = this.pauseMs(); ms > 0; ms = this.pauseMs()) {
      await sleep(ms, undefined, { signal });
    }
  }

  pauseMs(): number {
    return this.rate.pausedUntilMs - Date.now();
  }

  /** Requests that were answered in the last minute: what the endpoint lets through while it sends 429s. */
  get answersInLastMinute(): number {
    return this.rate.answersInLastMinute(Date.now());
  }

  /** It has answered something in the last minutes, so a 429 is a matter of time. */
  get isAnswering(): boolean {
    return this.rate.isAnswering(Date.now());
  }

  answered(latencyMs: number, nowMs: number): void {
    this.rate.answered(latencyMs, nowMs);
    const mean = this.latencyMs === null ? latencyMs : 0.9 * this.latencyMs + 0.1 * latencyMs;
    this.latencyMs = mean;
    // The floor creeps up, so that an endpoint which has become slower for good is accepted as it is.
    this.floorMs = Math.min(mean, this.floorMs * 1.001);
    if (mean <= latencyGrowthMax * this.floorMs) {
      this.share = Math.min(1, this.share + 0.5 / this.parallelMax);
      this.admit();
    } else if (nowMs - this.slowedAtMs > mean) {
      this.share = Math.max(Math.min(this.share, latencyShareMin), this.share * 0.8);
      this.slowedAtMs = nowMs;
    }
  }

  /** @param afterMs what the endpoint asked to wait, where it did */
  throttled(afterMs: number | null, nowMs: number): void {
    this.rate.throttled(afterMs, nowMs);
    this.share = Math.max(1 / this.parallelMax, this.share * 0.9);
  }

  /** The present limit of parallel requests. */
  get parallelNow(): number {
    return Math.max(1, Math.floor(this.share * this.parallelMax + 1e-9));
  }

  private get parallelMax(): number {
    return this.strictest('parallelMax') ?? 1;
  }

  private strictest(limit: keyof Limits): number | null {
    const members = this.members.size === 0 ? [this.otherwise] : [...this.members];
    const values = members.map((member) => member[limit]).filter((value) => value !== null);
    return values.length === 0 ? null : Math.min(...values);
  }

  private admit(): void {
    this.sending.admit();
    this.working.admit();
  }
}

/** So many at once; first come, first served. */
class Gate {
  private taken = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly slots: () => number) {}

  async take(): Promise<void> {
    if (this.taken < this.slots()) {
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
    while (this.taken < this.slots()) {
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

  /** @returns milliseconds to wait before using `amount` */
  reserve(amount: number, perMinute: number): number {
    if (perMinute === Number.POSITIVE_INFINITY) {
      return 0;
    }
    const now = Date.now();
    const at = Math.max(this.nextAtMs, now - 2000);
    this.nextAtMs = at + (amount * 60_000) / perMinute;
    return Math.max(0, at - now);
  }
}

/** So many 429s in a row mean a limit on the rate; single ones come from an endpoint that is busy. */
const throttlesInARowMin = 8;
const answeringMs = 5 * 60_000;

/**
 * What the 429s of an endpoint tell about its rate limit. When nothing but 429 comes back, everyone pauses: as long as
 * the endpoint asked for, else one second, doubling to half a minute. Its rate is what it answered before the pause, over
 * the time from then to the first request that it answers again: the limit may be so many a second or so many a minute.
 * From there the rate follows slowly upwards with every answer, and down by a fifth with the next 429.
 */
class LearnedRate {
  /** Requests a minute; `null` while no limit is known. */
  perMinute: number | null = null;
  pausedUntilMs = 0;
  private pauses = 0;
  /** Answers to requests that were sent before the next pause; a new burst every minute while there is none. */
  private burst = { firstSentMs: Number.POSITIVE_INFINITY, answers: 0 };
  private throttlesInARow = 0;
  private lastAnswerMs = Number.NEGATIVE_INFINITY;
  /** Times of the answers of the last minute, oldest first. */
  private answers: number[] = [];

  answered(latencyMs: number, nowMs: number): void {
    this.countBurst(nowMs - latencyMs);
    this.throttlesInARow = 0;
    this.pauses = 0;
    this.lastAnswerMs = nowMs;
    this.answers.push(nowMs);
    if (this.answers.length > 1000 && (this.answers[0] ?? nowMs) < nowMs - 60_000) {
      this.forgetOld(nowMs);
    }
    if (this.perMinute !== null) {
      this.perMinute *= 1.005;
    }
  }

  throttled(afterMs: number | null, nowMs: number): void {
    this.throttlesInARow += 1;
    const isKnown = this.perMinute !== null;
    if ((!isKnown && this.throttlesInARow < throttlesInARowMin) || nowMs < this.pausedUntilMs) {
      return;
    }
    if (this.perMinute !== null) {
      this.perMinute = Math.max(1, this.perMinute * 0.8);
    }
    this.pausedUntilMs = nowMs + (afterMs ?? Math.min(30_000, 1000 * 2 ** this.pauses));
    this.pauses += 1;
  }

  private countBurst(sentMs: number): void {
    const { firstSentMs, answers } = this.burst;
    const isResumed = this.pausedUntilMs > firstSentMs && sentMs >= this.pausedUntilMs;
    if (isResumed && this.perMinute === null) {
      this.perMinute = Math.max(1, (answers * 60_000) / (sentMs - firstSentMs));
    }
    this.burst =
      isResumed || sentMs - firstSentMs > 60_000
        ? { firstSentMs: sentMs, answers: 1 }
        : { firstSentMs: Math.min(firstSentMs, sentMs), answers: answers + 1 };
  }

  answersInLastMinute(nowMs: number): number {
    this.forgetOld(nowMs);
    return this.answers.length;
  }

  isAnswering(nowMs: number): boolean {
    return nowMs - this.lastAnswerMs < answeringMs;
  }

  private forgetOld(nowMs: number): void {
    const first = this.answers.findIndex((at) => at >= nowMs - 60_000);
    this.answers = first < 0 ? [] : this.answers.slice(first);
  }
}

const limiters = new Map<string, Limiter>();

/** The one limiter of an endpoint in this process. */
export function limiterOf(endpoint: string, limits: Limits): Limiter {
  const limiter = limiters.get(endpoint) ?? new Limiter(limits);
  limiters.set(endpoint, limiter);
  return limiter;
}
