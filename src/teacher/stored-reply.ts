import type { TokenUsage } from '../core/budget/price';
import type { TeacherConfig } from '../core/config/schema';
import { TutelageError } from '../core/errors';
import { looksLikeKey, type Secrets } from '../core/secrets';
import type { Completion } from './completion';
import { endpointOf } from './request';

/** What is stored of a paid reply. */
export interface StoredReply {
  readonly raw: string;
  /** The variable whose value the reply held; `null` for none, and for what only looks like a key. */
  readonly variable: string | null;
}

/** In the place of a variable's name, for what only looks like a key. */
const unnamed = 'a service';

/**
 * The body as received. One that holds a secret, in whatever encoding and also in pieces that only a reader puts together,
 * is replaced by a completion of what the ledger needs: the texts without it, how the reply ended, and the usage. Its
 * `redacted` says why no row is made of it.
 * @param usage as it is booked
 */
export function storedReply(raw: string, completion: Completion, usage: TokenUsage, secrets: Secrets): StoredReply {
  const texts = [raw, completion.text, completion.reasoning, completion.refusal ?? ''];
  const variable = texts.map(secrets.variableIn).find((name) => name !== null) ?? null;
  if (variable === null && !texts.some(looksLikeKey)) {
    return { raw, variable };
  }
  const { text, reasoning, refusal, finishReason, error } = completion;
  const clean = (value: string | null) => (value === null ? null : secrets.redact(value));
  const message = { content: clean(text), reasoning_content: clean(reasoning), refusal: clean(refusal) };
  const choice = { message, finish_reason: clean(finishReason), error: clean(error) };
  const stored = { redacted: [variable ?? unnamed], choices: [choice], usage: reportOf(usage) };
  return { raw: JSON.stringify(stored), variable };
}

/** As an endpoint reports it, so that the stored reply says what was booked. */
const reportOf = (usage: TokenUsage) => ({
  prompt_tokens: usage.inputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens ?? 0 },
  completion_tokens: usage.outputTokens,
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
});

export const redactedReason = ([name]: readonly string[]): string =>
  name === unnamed
    ? 'the reply held something that looks like a key'
    : `the reply held the value of the environment variable ${name}`;

/** A key is returned to whoever asks: nothing more is sent until a person has looked at it. */
export const secretError = (config: TeacherConfig, variable: string): TutelageError =>
  new TutelageError(
    'teacher-refused',
    `${endpointOf(config)} sent back the value of the environment variable ${variable} in a reply; it was taken out before the reply was stored, and its row is rejected`,
    `replace that key, and find out what between here and the model repeats it; then resume`,
  );
