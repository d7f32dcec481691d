import { setTimeout as sleep } from 'node:timers/promises';
import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import type { CapName, GrantedCall, Ledger, Refusal, Reservation, StoredAnswer } from '../store/ledger';
import type { Post } from './client';
import { classifyError, type ErrorClass, waitMs } from './error-classes';
import type { Limiter } from './limiter';
import { type Reply, readReply } from './reply';
import { endpointOf } from './request';
import type { IdentifiedRequest, RowRules } from './row-plan';

/** What came of a call. `durable` resolves when it is committed; it may be read before, and built upon after. */
export type Asked =
  | {
      readonly state: 'answered';
      readonly answer: Pick<StoredAnswer, 'finish' | 'raw'>;
      readonly durable: Promise<void>;
    }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'refused'; readonly cap: CapName; readonly account: Refusal['account'] };

type Sent = { readonly raw: string; readonly reply: Reply } | { readonly failure: ErrorClass };

export interface AskingParts {
  readonly config: TeacherConfig;
  readonly ledger: Ledger;
  readonly post: Post;
  readonly limiter: Limiter;
  readonly rules: Pick<RowRules, 'priceOf'>;
  /** Takes secrets out of what an endpoint says, before it becomes a reason that is shown and stored. */
  readonly discreet: (text: string) => string;
}

/** Attempts that cost nothing before giving up (about a minute of waiting), and replies that may get lost. */
const attemptsMax = 8;
/** An endpoint that was never reached is more likely misspelt than down: some eight seconds. */
const firstAttemptsMax = 5;
const lostMax = 3;

/** Carries the calls of one row: one at a time, each through the ledger. It holds a place of the endpoint's limiter while it works. */
export class RowAsker {
  private readonly held = new Set<Reservation>();
  private placed = false;

  constructor(
    private readonly parts: AskingParts,
    /** Aborted: nothing new is sent. */
    private readonly stopped: AbortSignal,
    /** Aborted some seconds later: what is out is given up. */
    private readonly cut: AbortSignal,
    private readonly onWaiting: (why: string | null) => void,
  ) {}

  hold(calls: readonly (GrantedCall | null)[]): void {
    for (const call of calls) {
      if (call !== null && 'reservation' in call) {
        this.held.add(call.reservation);
      }
    }
  }

  /** @param before what must be durable before this call goes out; it shares a commit with this call's mark */
  async ask(call: GrantedCall, identified: IdentifiedRequest, before: Promise<void>): Promise<Asked> {
    if ('stored' in call) {
      await before;
      return { state: 'answered', answer: call.stored, durable: Promise.resolve() };
    }
    let reservation = call.reservation;
    let lost = 0;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.attempt(reservation, identified, before);
      if ('state' in result) {
        return result;
      }
      const { failure } = result;
      if (failure.cost === 'none') {
        await this.parts.ledger.takeBack(reservation, attempt + 1);
      } else {
        await this.loseOutcome(reservation);
        lost += 1;
      }
      if (failure.does === 'fail-row') {
        return { state: 'failed', reason: failure.reason };
      }
      this.giveUpIfHopeless(failure, attempt, lost);
      if (failure.cost === 'lost') {
        const again = await this.parts.ledger.reserveAgain(reservation);
        if ('cap' in again) {
          return { state: 'refused', cap: again.cap, account: again.account };
        }
        reservation = again;
        this.held.add(reservation);
      }
      await this.waitOut(failure, attempt);
    }
  }

  /** Gives back the place and what was reserved and not used. */
  async end(): Promise<void> {
    this.leave();
    const unused = [...this.held];
    this.held.clear();
    if (unused.length > 0) {
      await this.parts.ledger.release(unused);
    }
  }

  /** One request, from the mark in the ledger to the settlement, or to the class of its failure. */
  private async attempt(
    reservation: Reservation,
    identified: IdentifiedRequest,
    before: Promise<void>,
  ): Promise<Asked | { failure: ErrorClass }> {
    const { ledger, limiter, rules } = this.parts;
    await this.enter();
    await limiter.pace(reservation.worst.tokens, this.stopped);
    const sent = await this.sendWhenMarked(reservation, identified, before);
    if ('owned' in sent) {
      this.held.delete(reservation);
      return { state: 'answered', answer: sent.owned, durable: Promise.resolve() };
    }
    if ('failure' in sent) {
      return sent;
    }
    const { raw, reply } = sent;
    const { usage, finish } = reply;
    this.held.delete(reservation);
    const outcome = { usage, finish, raw, nanoUsd: rules.priceOf(usage) };
    const durable = ledger.settle(reservation, outcome);
    // Whoever builds on it awaits it and meets the error there.
    durable.catch(() => undefined);
    return { state: 'answered', answer: { finish, raw }, durable };
  }

  /**
   * Takes a place on the line, marks the call as sent and sends it: what a crash leaves unknown is never more than what
   * may be in flight. An equal request that is out is waited for off the line.
   */
  private async sendWhenMarked(
    reservation: Reservation,
    { request, hash }: IdentifiedRequest,
    before: Promise<void>,
  ): Promise<Sent | { readonly owned: StoredAnswer }> {
    const { ledger, limiter, rules } = this.parts;
    for (;;) {
      await limiter.sending.take();
      try {
        this.stopped.throwIfAborted();
        const [, decision] = await Promise.all([before, ledger.markSent(reservation, hash, rules.priceOf)]);
        if (decision.send) {
          return await this.send(request);
        }
        if ('owned' in decision) {
          return decision;
        }
      } finally {
        limiter.sending.free();
      }
      const stop = new Promise((resolve) => this.stopped.addEventListener('abort', resolve, { once: true }));
      await Promise.race([ledger.equalRequestEnded(hash), stop]);
    }
  }

  private async send(request: IdentifiedRequest['request']): Promise<Sent> {
    const { config, post, limiter, discreet } = this.parts;
    const endpoint = endpointOf(config);
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), config.timeout_seconds * 1000);
    const giveUp = () => limit.abort();
    this.cut.addEventListener('abort', giveUp);
    const startedMs = Date.now();
    try {
      const raw = await post(request, limit.signal);
      const reply = readReply(raw, request);
      if (reply !== null) {
        limiter.isReached = true;
        limiter.answered(Date.now() - startedMs, Date.now());
        return { reply, raw };
      }
      const seen = discreet(raw).slice(0, 80).replace(/\s+/g, ' ');
      const reason = `it answered with something that is no chat completion: ${JSON.stringify(seen)}`;
      if (seen.trimStart().startsWith('<')) {
        // A web page comes from a wrong address or from something in between, not from a model.
        return { failure: { does: 'retry', cost: 'none', afterMs: null, reason } };
      }
      return { failure: { does: 'retry', cost: 'lost', afterMs: null, reason } };
    } catch (error) {
      if (this.cut.aborted) {
        return { failure: { does: 'stop', cost: 'lost', reason: 'given up' } };
      }
      if (limit.signal.aborted) {
        const reason = `no reply within ${config.timeout_seconds} s`;
        return { failure: { does: 'retry', cost: 'lost', afterMs: null, reason } };
      }
      const { status } = error as { status?: unknown };
      limiter.isReached ||= status !== undefined;
      if (status === 429) {
        limiter.throttled();
      }
      return { failure: classifyError(error, { endpoint, keyName: config.api_key_env, nowMs: Date.now(), discreet }) };
    } finally {
      clearTimeout(timer);
      this.cut.removeEventListener('abort', giveUp);
    }
  }

  private async loseOutcome(reservation: Reservation): Promise<void> {
    await this.parts.ledger.markUnknown(reservation);
    this.held.delete(reservation);
  }

  private giveUpIfHopeless(failure: ErrorClass, attempt: number, lost: number): void {
    const where = endpointOf(this.parts.config);
    if (failure.does === 'pause') {
      throw new TutelageError('teacher-refused', `${where}: ${failure.reason}`, failure.hint);
    }
    this.stopped.throwIfAborted();
    if (lost >= lostMax) {
      throw new TutelageError(
        'teacher-refused',
        `${where} lost ${lost} replies to one request; the last: ${failure.reason}`,
        'check teacher.base_url and the network, then resume; the lost calls count at worst-case price',
      );
    }
    if (attempt >= (this.parts.limiter.isReached ? attemptsMax : firstAttemptsMax)) {
      throw new TutelageError(
        'teacher-refused',
        `${where} could not be asked in ${attempt} attempts; the last: ${failure.reason}`,
        'check teacher.base_url and the network, then resume; nothing is lost',
      );
    }
  }

  /** Another row may use the place meanwhile. */
  private async waitOut(failure: ErrorClass, attempt: number): Promise<void> {
    const ms = waitMs(attempt, failure.does === 'retry' ? failure.afterMs : null, Math.random);
    this.leave();
    this.onWaiting(`${failure.reason}; trying again in ${(ms / 1000).toFixed(1)} s`);
    await sleep(ms, undefined, { signal: this.stopped });
    this.onWaiting(null);
  }

  private async enter(): Promise<void> {
    if (!this.placed) {
      await this.parts.limiter.working.take();
      this.placed = true;
    }
  }

  private leave(): void {
    if (this.placed) {
      this.placed = false;
      this.parts.limiter.working.free();
    }
  }
}
