import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';

/**
 * What a failed request means, in one table. `cost`: whether it certainly cost nothing (`none`: its reservation may be
 * used again or released) or may have been answered and paid (`lost`: its outcome is unknown).
 */
export type ErrorClass =
  /** Wait and send again. */
  | { readonly does: 'retry'; readonly cost: 'none' | 'lost'; readonly afterMs: number | null; readonly reason: string }
  /** The endpoint refuses everything: the run pauses. */
  | { readonly does: 'pause'; readonly cost: 'none'; readonly reason: string; readonly hint: string }
  /** This one request is refused: its row fails. */
  | { readonly does: 'fail-row'; readonly cost: 'none'; readonly reason: string }
  /** We aborted it. */
  | { readonly does: 'stop'; readonly cost: 'lost'; readonly reason: string };

const retriedStatuses = new Set([408, 409, 429]);

/** What a connection says when nothing was sent. */
const neverSent = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER'],
]);

export interface ErrorContext {
  /** With `keyName`, said in the hints: what to look at. */
  readonly endpoint: string;
  readonly keyName: string;
  readonly nowMs: number;
  /** Takes secrets out: endpoints quote keys and headers in their refusals. */
  readonly discreet: (text: string) => string;
}

export function classifyError(error: unknown, context: ErrorContext): ErrorClass {
  if (error instanceof APIUserAbortError) {
    return { does: 'stop', cost: 'lost', reason: 'the request was aborted' };
  }
  if (error instanceof APIConnectionTimeoutError) {
    return { does: 'retry', cost: 'lost', afterMs: null, reason: 'no reply within the time limit' };
  }
  if (error instanceof APIConnectionError || !(error instanceof APIError) || error.status === undefined) {
    const code = codeOf(error);
    const cost = code !== null && neverSent.has(code) ? 'none' : 'lost';
    const why = code ?? context.discreet(messageOf(error));
    return { does: 'retry', cost, afterMs: null, reason: `the connection failed (${why})` };
  }
  return classifyStatus(error as APIError & { status: number }, context);
}

function classifyStatus(
  error: APIError & { status: number },
  { endpoint, keyName, nowMs, discreet }: ErrorContext,
): ErrorClass {
  const { status } = error;
  const reason = `the teacher answered ${status}: ${short(discreet(messageOf(error)))}`;
  const pause = (hint: string): ErrorClass => ({ does: 'pause', cost: 'none', reason, hint });
  const retry = (): Extract<ErrorClass, { does: 'retry' }> => ({
    ...{ does: 'retry', cost: 'none', reason },
    afterMs: retryAfterMs(error.headers ?? new Headers(), nowMs),
  });
  if (status === 429 && (error.code === 'insufficient_quota' || error.type === 'insufficient_quota')) {
    return pause(`add credit to the account behind ${keyName}, then resume`);
  }
  const wish = error.headers?.get('x-should-retry');
  if (wish === 'true') {
    return retry();
  }
  if (status === 401) {
    return pause(`set ${keyName} to a key that ${endpoint} accepts, then resume`);
  }
  if (status === 403) {
    return pause(`the key in ${keyName} may not use this model at ${endpoint}: grant it, or change teacher.model`);
  }
  if (status === 404) {
    return pause(`check teacher.model and teacher.base_url (${endpoint}): this model or path is not there`);
  }
  if (status === 504 || status === 524) {
    // A gateway's patience ended; the model behind it may have answered, and been paid.
    return { ...retry(), cost: 'lost' };
  }
  if (status === 400 && error.code === 'unsupported_parameter' && error.param === 'max_tokens') {
    return pause('set teacher.max_tokens_parameter: max_completion_tokens (a change of the file: start with --new)');
  }
  if (wish !== 'false' && (retriedStatuses.has(status) || status >= 500)) {
    return retry();
  }
  return { does: 'fail-row', cost: 'none', reason };
}

const retryAfterMaxMs = 60_000;

/** `retry-after-ms`, else `retry-after` in seconds or as a date; within 0 to 60 s. `null` when there is none. */
export function retryAfterMs(headers: Pick<Headers, 'get'>, nowMs: number): number | null {
  const clamp = (ms: number) => (Number.isFinite(ms) ? Math.min(retryAfterMaxMs, Math.max(0, ms)) : null);
  const exact = headers.get('retry-after-ms');
  if (exact !== null && Number.isFinite(Number(exact))) {
    return clamp(Number(exact));
  }
  const text = headers.get('retry-after');
  if (text === null) {
    return null;
  }
  return Number.isFinite(Number(text)) ? clamp(Number(text) * 1000) : clamp(Date.parse(text) - nowMs);
}

/** Wait before attempt 2, 3, ...: what the server asked for, else doubling from half a second to 30 s; both with jitter, so that a crowd comes back spread out. */
export function waitMs(attempt: number, afterMs: number | null, random: () => number): number {
  if (afterMs !== null) {
    return afterMs + random() * Math.min(1000, 100 + afterMs * 0.1);
  }
  return Math.min(30_000, 500 * 2 ** (attempt - 1)) * (0.5 + random());
}

function codeOf(error: unknown): string | null {
  for (let link = error; typeof link === 'object' && link !== null; link = (link as { cause?: unknown }).cause) {
    const code = (link as { code?: unknown }).code;
    if (typeof code === 'string') {
      return code;
    }
  }
  return null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const short = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}...` : text).replace(/\s+/g, ' ');
