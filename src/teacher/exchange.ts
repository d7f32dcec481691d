import type { TeacherConfig } from '../core/config/schema';
import type { Secrets } from '../core/secrets';
import type { Post } from './client';
import { readErrorBody } from './completion';
import { classifyError, classifyErrorBody } from './error-classes';
import { EndpointRefusal, type ErrorClass } from './failure';
import type { Limiter } from './limiter';
import { type Reply, readReply } from './reply';
import { endpointOf } from './request';
import type { IdentifiedRequest } from './row-plan';

export interface ExchangeParts {
  readonly config: TeacherConfig;
  readonly post: Post;
  readonly limiter: Limiter;
  /** Taken out of what an endpoint says, before it is shown or stored. */
  readonly secrets: Secrets;
}

/** What an attempt is told about those before it. */
export interface EarlierAttempts {
  /** Attempts that the endpoint answered with a refusal; the next one is another purchase to it. */
  readonly refused: number;
  /** Attempts whose reply was lost; the next one may be the same purchase. */
  readonly lost: number;
}

/** A reply as received and as read, or why there is none and what that means. */
export type Exchange = { readonly raw: string; readonly reply: Reply } | { readonly failure: ErrorClass };

/**
 * One request to the endpoint and what came of it. It never throws, and tells the limiter what it saw.
 * @param cut aborted: the request is abandoned, and its outcome is unknown
 */
export async function exchange(
  { config, post, limiter, secrets }: ExchangeParts,
  { request, hash }: IdentifiedRequest,
  { refused, lost, cut }: EarlierAttempts & { readonly cut: AbortSignal },
): Promise<Exchange> {
  const { redact } = secrets;
  const context = () => ({ endpoint: endpointOf(config), keyName: config.api_key_env, nowMs: Date.now(), redact });
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), config.timeout_seconds * 1000);
  const giveUp = () => limit.abort();
  cut.addEventListener('abort', giveUp);
  const startedMs = Date.now();
  try {
    const raw = await post(request, {
      signal: limit.signal,
      idempotencyKey: `${hash}-${refused}`,
      onFreshConnection: lost > 0,
    });
    const reply = readReply(raw, request);
    if (reply !== null) {
      limiter.isReached = true;
      limiter.answered(Date.now() - startedMs, Date.now());
      return { reply, raw };
    }
    if (readErrorBody(raw) !== null) {
      limiter.isReached = true;
      return { failure: noteThrottle(limiter, classifyErrorBody(raw, context())) };
    }
    return { failure: noCompletion(redact(raw)) };
  } catch (error) {
    if (cut.aborted) {
      return { failure: { does: 'stop', cost: 'lost', reason: 'given up' } };
    }
    if (limit.signal.aborted) {
      const reason = `no reply within ${config.timeout_seconds} s`;
      return { failure: { does: 'retry', cost: 'lost', afterMs: null, reason } };
    }
    limiter.isReached ||= error instanceof EndpointRefusal;
    return { failure: noteThrottle(limiter, classifyError(error, context())) };
  } finally {
    clearTimeout(timer);
    cut.removeEventListener('abort', giveUp);
  }
}

function noCompletion(body: string): ErrorClass {
  const seen = body.slice(0, 80).replace(/\s+/g, ' ');
  const reason = `it answered with something that is no chat completion: ${JSON.stringify(seen)}`;
  // A web page comes from a wrong address or from something in between, not from a model.
  const cost = seen.trimStart().startsWith('<') ? 'none' : 'lost';
  return { does: 'retry', cost, afterMs: null, reason };
}

function noteThrottle(limiter: Limiter, failure: ErrorClass): ErrorClass {
  if (failure.does === 'retry' && failure.isThrottle) {
    limiter.throttled(failure.afterMs, Date.now());
  }
  return failure;
}
