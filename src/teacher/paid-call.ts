import { setTimeout as sleep } from 'node:timers/promises';
import { TutelageError } from '../core/errors';
import type { CapName, GrantedCall, Ledger, Overrun, Refusal, Reservation, StoredAnswer } from '../store/ledger';
import { waitMs } from './error-classes';
import { type EarlierAttempts, type Exchange, type ExchangeParts, exchange } from './exchange';
import type { ErrorClass } from './failure';
import type { Limiter } from './limiter';
import { overrunError } from './overrun-error';
import { endpointOf } from './request';
import type { IdentifiedRequest, RowRules } from './row-plan';
import { settleReply } from './settle-reply';

/** What came of a call. `durable` resolves when it is committed; it may be read before, and built upon after. */
export type PaidCallResult =
  | {
      readonly state: 'answered';
      readonly answer: Pick<StoredAnswer, 'finish' | 'raw'>;
      readonly durable: Promise<unknown>;
    }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'overBudget'; readonly cap: CapName; readonly account: Refusal['account'] };

export interface PaidCallParts extends ExchangeParts {
  readonly ledger: Ledger;
  readonly rules: Pick<RowRules, 'priceOf'>;
}

/** Attempts that cost nothing before giving up (about a minute of waiting), and replies that may get lost. */
const attemptsMax = 8;
/** An endpoint that was never reached is more likely misspelt than down: some eight seconds. */
const firstAttemptsMax = 5;
const lostMax = 3;

export interface PaidCallerOptions {
  readonly parts: PaidCallParts;
  /** What the caller may use; the rest is released by `end`. */
  readonly calls: readonly (GrantedCall | null)[];
  /** Aborted: nothing new is sent. */
  readonly stopped: AbortSignal;
  /** Aborted some seconds later: requests in flight are abandoned. */
  readonly cut: AbortSignal;
  readonly onWaiting: (why: string | null) => void;
}

/**
 * Makes the calls of one row or grade: one at a time, each through the ledger. It occupies one of the limiter's working
 * slots meanwhile.
 */
export class PaidCaller {
  private readonly parts: PaidCallParts;
  private readonly stopped: AbortSignal;
  private readonly cut: AbortSignal;
  /** Reserved, and neither settled nor lost. */
  private readonly reserved: Set<Reservation>;
  private isWorking = false;

  constructor(private readonly options: PaidCallerOptions) {
    this.parts = options.parts;
    this.stopped = options.stopped;
    this.cut = options.cut;
    this.reserved = new Set(
      options.calls.flatMap((call) => (call !== null && 'reservation' in call ? [call.reservation] : [])),
    );
  }

  /** @param before what must be durable before this call goes out; it shares a commit with this call's mark */
  async ask(call: GrantedCall, identified: IdentifiedRequest, before: Promise<unknown>): Promise<PaidCallResult> {
    if ('stored' in call) {
      await before;
      return { state: 'answered', answer: call.stored, durable: Promise.resolve() };
    }
    let reservation = call.reservation;
    let lost = 0;
    let refused = 0;
    let counted = 0;
    for (;;) {
      const result = await this.attempt(reservation, identified, before, { refused, lost });
      if ('state' in result) {
        return result;
      }
      const { failure } = result;
      counted += isUncounted(failure, this.parts.limiter) ? 0 : 1;
      if (failure.cost === 'none') {
        refused += 1;
        await this.parts.ledger.takeBack(reservation, refused + lost + 1);
      } else {
        await this.loseOutcome(reservation);
        lost += 1;
      }
      if (failure.does === 'fail-row') {
        return { state: 'failed', reason: failure.reason };
      }
      this.giveUpIfHopeless(failure, counted, lost);
      if (failure.cost === 'lost') {
        const again = await this.parts.ledger.reserveAgain(reservation);
        if ('cap' in again) {
          this.throwIfOverrun(again.overrun);
          return { state: 'overBudget', cap: again.cap, account: again.account };
        }
        reservation = again;
        this.reserved.add(reservation);
      }
      await this.waitOut(failure, refused + lost);
    }
  }

  /** Leaves its working slot and releases what was reserved and not used. */
  async end(): Promise<void> {
    this.leave();
    const unused = [...this.reserved];
    this.reserved.clear();
    if (unused.length > 0) {
      await this.parts.ledger.release(unused);
    }
  }

  /** One request, from the mark in the ledger to the settlement, or to the class of its failure. */
  private async attempt(
    reservation: Reservation,
    identified: IdentifiedRequest,
    before: Promise<unknown>,
    earlier: EarlierAttempts,
  ): Promise<PaidCallResult | { failure: ErrorClass }> {
    await this.enter();
    await this.parts.limiter.pace(reservation.worst.tokens, this.stopped);
    const sent = await this.sendWhenMarked(reservation, identified, before, earlier);
    if ('owned' in sent) {
      this.reserved.delete(reservation);
      return { state: 'answered', answer: sent.owned, durable: Promise.resolve() };
    }
    if ('failure' in sent) {
      return sent;
    }
    this.reserved.delete(reservation);
    const { raw, problem } = settleReply(this.parts, reservation, sent);
    const durable = problem.then((found) => {
      if (found !== null) {
        throw found;
      }
    });
    // Whoever builds on it awaits it and meets the error there.
    durable.catch(() => undefined);
    return { state: 'answered', answer: { finish: sent.reply.finish, raw }, durable };
  }

  /**
   * Waits for a request slot, marks the call as sent and sends it: what a crash leaves unknown is never more than what may
   * be in flight. While an equal request is in flight, it waits for that one without a slot.
   */
  private async sendWhenMarked(
    reservation: Reservation,
    { request, hash }: IdentifiedRequest,
    before: Promise<unknown>,
    earlier: EarlierAttempts,
  ): Promise<Exchange | { readonly owned: StoredAnswer }> {
    const { ledger, limiter, rules } = this.parts;
    for (;;) {
      await limiter.sending.take();
      try {
        await limiter.pauseEnded(this.stopped);
        this.stopped.throwIfAborted();
        const [, decision] = await Promise.all([before, ledger.markSent(reservation, hash, rules.priceOf)]);
        if (decision.send) {
          return await exchange(this.parts, { request, hash }, { ...earlier, cut: this.cut });
        }
        if ('owned' in decision) {
          return decision;
        }
        if ('overrun' in decision) {
          this.throwIfOverrun(decision.overrun);
        }
      } finally {
        limiter.sending.free();
      }
      const stop = new Promise((resolve) => this.stopped.addEventListener('abort', resolve, { once: true }));
      await Promise.race([ledger.equalRequestEnded(hash), stop]);
    }
  }

  private throwIfOverrun(overrun: Overrun | null): void {
    if (overrun !== null) {
      throw overrunError(overrun, this.parts.config);
    }
  }

  private async loseOutcome(reservation: Reservation): Promise<void> {
    await this.parts.ledger.markUnknown(reservation);
    this.reserved.delete(reservation);
  }

  private giveUpIfHopeless(failure: ErrorClass, attempts: number, lost: number): void {
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
    const { limiter } = this.parts;
    if (attempts >= (limiter.isReached ? attemptsMax : firstAttemptsMax)) {
      const hint = failure.does === 'retry' ? failure.hint : undefined;
      throw new TutelageError(
        'teacher-refused',
        `${where} could not be asked in ${attempts} attempts; the last: ${failure.reason}`,
        hint ??
          throttleHint(failure, limiter) ??
          'check teacher.base_url and the network, then resume; nothing is lost',
      );
    }
  }

  /** Another row may use the working slot meanwhile. */
  private async waitOut(failure: ErrorClass, attempt: number): Promise<void> {
    const { limiter } = this.parts;
    const own = waitMs(attempt, failure.does === 'retry' ? failure.afterMs : null, Math.random);
    // Where everyone pauses, the pause is the wait; who waited longer by himself would leave the endpoint idle.
    const ms = limiter.pauseMs() > 0 ? limiter.pauseMs() : own;
    this.leave();
    const hint = throttleHint(failure, limiter);
    this.options.onWaiting(
      `${failure.reason}; trying again in ${(ms / 1000).toFixed(1)} s${hint === null ? '' : ` (${hint})`}`,
    );
    await sleep(ms, undefined, { signal: this.stopped });
    this.options.onWaiting(null);
  }

  private async enter(): Promise<void> {
    if (!this.isWorking) {
      await this.parts.limiter.working.take();
      this.isWorking = true;
    }
  }

  private leave(): void {
    if (this.isWorking) {
      this.isWorking = false;
      this.parts.limiter.working.free();
    }
  }
}

/** A 429 is no failed attempt while the endpoint answers anything: it only says when. */
const isUncounted = (failure: ErrorClass, limiter: Limiter): boolean =>
  failure.does === 'retry' && failure.isThrottle === true && limiter.isAnswering;

function throttleHint(failure: ErrorClass, limiter: Limiter): string | null {
  if (failure.does !== 'retry' || failure.isThrottle !== true) {
    return null;
  }
  const { answersInLastMinute } = limiter;
  return answersInLastMinute === 0
    ? 'set teacher.requests_per_minute to what the endpoint allows'
    : `it answered ${answersInLastMinute} requests in the last minute; teacher.requests_per_minute can say so`;
}
