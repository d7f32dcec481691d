import { APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { classifyConnection } from './connection-errors';
import { type EndpointWords, shorten, wordsOf } from './endpoint-words';
import { EndpointRefusal, type ErrorClass, type ErrorContext } from './failure';

export function classifyError(error: unknown, context: ErrorContext): ErrorClass {
  const refusal = causes(error).find((cause) => cause instanceof EndpointRefusal);
  if (refusal !== undefined) {
    return classifyAnswer(refusal, wordsOf(refusal.body), context);
  }
  if (error instanceof APIUserAbortError) {
    return { does: 'stop', cost: 'lost', reason: 'the request was aborted' };
  }
  if (error instanceof APIConnectionTimeoutError) {
    return { does: 'retry', cost: 'lost', afterMs: null, reason: 'no reply within the time limit' };
  }
  if (error instanceof APIError && error.status !== undefined) {
    const body = JSON.stringify({ error: error.error ?? error.message });
    const answer = { status: Number(error.status), headers: new Headers(error.headers ?? {}) };
    return classifyAnswer(answer, wordsOf(body), context);
  }
  return classifyConnection(causes(error), context);
}

/** A reply with status 200 whose body is an error: by the code in it. It cost nothing. */
export function classifyErrorBody(body: string, context: ErrorContext): ErrorClass {
  const words = wordsOf(body);
  const status = words.codes.map(Number).find((code) => code >= 400 && code < 600) ?? statusOfCodes(words);
  const failure = classifyAnswer({ status, headers: new Headers() }, words, context);
  return failure.does === 'retry' ? { ...failure, cost: 'none' } : failure;
}

/** Credit is what a person must add; a limit on the rate is temporary. Some endpoints use one sentence for both. */
const creditCode =
  /^(insufficient_quota|insufficient_(balance|funds|credits?)|billing.*|quota_exceeded|credit.*|payment_required|arrearage)$/i;
const creditText =
  /\b(billing|insufficient[_ ](quota|balance|funds|credits?)|credit balance|(more|no|out of|enough|add) credits?|exceeded your current quota|quota (has been )?exceeded|payment required|arrears|overdue)\b/i;
const rateText =
  /per[ _-]?(second|minute|min)|rate[ _-]?limit|too many requests|retry (in|after)|retrydelay|\b[rt]p[ms]\b|tokens? (rate|per)|requests? per/i;
const rateCode = /rate.?limit|too_many_requests|throttl|^slow_down$/i;

const isAboutCredit = (status: number, { codes, message }: EndpointWords, hasRetryAfter: boolean): boolean => {
  if (status === 402 || codes.some((code) => creditCode.test(code))) {
    return true;
  }
  const isAmbiguous =
    status === 429 && (hasRetryAfter || rateText.test(message) || codes.some((code) => rateCode.test(code)));
  return (status === 400 || status === 403 || status === 429) && !isAmbiguous && creditText.test(message);
};

interface Answer {
  readonly status: number;
  readonly headers: Pick<Headers, 'get'>;
}

const retriedStatuses = new Set([408, 409, 425, 429]);
/** A gateway lost the model behind it, which may have answered, and been paid. */
const gatewayStatuses = new Set([502, 504, 520, 522, 524]);

function classifyAnswer({ status, headers }: Answer, words: EndpointWords, context: ErrorContext): ErrorClass {
  const { endpoint, keyName, nowMs, redact } = context;
  const said = shorten(redact(words.message));
  const reason = `the teacher answered ${status}: ${said === '' ? 'no reason was given' : said}`;
  const pause = (hint: string): ErrorClass => ({ does: 'pause', cost: 'none', reason, hint });
  const afterMs = retryAfterMs(headers, nowMs) ?? saidAfterMs(words.message);
  const retry = (cost: 'none' | 'lost'): ErrorClass => ({ does: 'retry', cost, afterMs, reason });
  if (isAboutCredit(status, words, retryAfterMs(headers, nowMs) !== null)) {
    return pause(`add credit to the account behind ${keyName}, then resume`);
  }
  const wish = headers.get('x-should-retry');
  if (status === 429) {
    return wish === 'false'
      ? { does: 'fail-row', cost: 'none', reason }
      : { does: 'retry', cost: 'none', afterMs, reason, isThrottle: true };
  }
  if (wish === 'true') {
    return retry('none');
  }
  if (status === 401) {
    return pause(`set ${keyName} to a key that ${endpoint} accepts, then resume`);
  }
  if (status === 403) {
    return isAboutInput(words)
      ? { does: 'fail-row', cost: 'none', reason }
      : pause(`the key in ${keyName} may not use this model at ${endpoint}: grant it, or change teacher.model`);
  }
  if (status === 404) {
    return pause(`check teacher.model and teacher.base_url (${endpoint}): this model or path does not exist`);
  }
  if (status === 405 || (status >= 300 && status < 400)) {
    return pause(`correct teacher.base_url (${endpoint}): it redirects, or leads to a page that takes no requests`);
  }
  const refused = status === 400 || status === 422 ? refusedField(words) : null;
  if (refused !== null) {
    return pause(`${refused} (a change of the file: start with --new)`);
  }
  if (gatewayStatuses.has(status)) {
    return retry('lost');
  }
  if (status === 503 && wish !== 'false') {
    // Certainly free where the API itself says that it is busy, or when to come back; a gateway cannot know.
    return retry(words.isFromApi || afterMs !== null ? 'none' : 'lost');
  }
  if (wish !== 'false' && (retriedStatuses.has(status) || status >= 500)) {
    return retry('none');
  }
  return { does: 'fail-row', cost: 'none', reason };
}

const refusedValue =
  /unsupported|not (be )?(supported|permitted|allowed)|does not support|unrecognized|unknown|unexpected|extra inputs/i;

/** A field of every request that this model or endpoint does not take, and the setting that leaves it out. */
function refusedField({ param, message, codes }: EndpointWords): string | null {
  if (!refusedValue.test(message) && !codes.some((code) => /^(unsupported|unknown|extra)/i.test(code))) {
    return null;
  }
  const names = (field: string) => param === field || new RegExp(`\\b${field}\\b`).test(message);
  if (names('max_tokens')) {
    return 'set teacher.max_tokens_parameter: max_completion_tokens';
  }
  if (names('max_completion_tokens')) {
    return 'set teacher.max_tokens_parameter: max_tokens';
  }
  const field = ['seed', 'temperature'].find(names);
  return field === undefined ? null : `leave it out with teacher.parameters: {${field}: null}`;
}

/** Moderation of one input, as OpenRouter and Azure say it with 403. */
const isAboutInput = ({ message, codes }: EndpointWords): boolean =>
  /flagged|moderation|content (policy|filter|management)|safety (system|policy)|violat/i.test(message) ||
  codes.some((code) => /content_(filter|policy)|moderation/i.test(code));

function statusOfCodes({ codes, message }: EndpointWords): number {
  const all = `${codes.join(' ')} ${message}`;
  if (codes.some((code) => rateCode.test(code)) || /too many requests|rate limit/i.test(message)) {
    return 429;
  }
  if (/invalid_api_key|authentication/i.test(codes.join(' '))) {
    return 401;
  }
  return /overloaded|server_error|internal|unavailable|timeout|timed out|bad gateway|upstream|provider returned/i.test(
    all,
  )
    ? 500
    : 400;
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

/** What a sentence such as "Please try again in 1.5s" asks for, within the same bounds; `null` where none does. */
function saidAfterMs(message: string): number | null {
  const found =
    /\b(?:try again|retry) (?:in|after) (\d{1,6}(?:\.\d{1,6})?) ?(ms|milliseconds|s|secs?|seconds?|m|minutes?)\b/i.exec(
      message,
    );
  const [, amount, unit = ''] = found ?? [];
  if (amount === undefined) {
    return null;
  }
  const unitMs = /^(ms|milli)/i.test(unit) ? 1 : /^s/i.test(unit) ? 1000 : 60_000;
  return Math.min(retryAfterMaxMs, Number(amount) * unitMs);
}

/**
 * Wait before attempt 2, 3, ...: what the server asked for, else doubling from half a second to 30 s; both with jitter,
 * so that a crowd comes back spread out.
 */
export function waitMs(attempt: number, afterMs: number | null, random: () => number): number {
  if (afterMs !== null) {
    return afterMs + random() * Math.min(1000, 100 + afterMs * 0.1);
  }
  return Math.min(30_000, 500 * 2 ** (attempt - 1)) * (0.5 + random());
}

/** The error and what caused it, outermost first. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (
    let link = error;
    link !== undefined && link !== null && chain.length < 8;
    link = (link as { cause?: unknown }).cause
  ) {
    chain.push(link);
  }
  return chain;
}
