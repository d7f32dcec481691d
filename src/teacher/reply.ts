import type { TokenUsage } from '../core/budget/price';
import { inputTokensMax, tokensMax } from '../core/budget/token-bound';
import type { ChatRequest } from './request';

/** A chat completion, read as far as the loop needs it. */
export interface Reply {
  readonly text: string;
  readonly finish: 'stop' | 'length' | 'content_filter' | 'unreadable';
  readonly usage: TokenUsage;
}

interface Completion {
  choices?: { message?: { content?: unknown } | null; finish_reason?: unknown }[];
  usage?: {
    prompt_tokens?: unknown;
    completion_tokens?: unknown;
    prompt_tokens_details?: { cached_tokens?: unknown } | null;
    completion_tokens_details?: { reasoning_tokens?: unknown } | null;
  } | null;
}

/**
 * Reads a reply's body. Whatever has choices is a completion that was paid for; its text may be empty or cut, which is
 * a state and not an error.
 * @returns `null` when the body is no chat completion (broken JSON, a page of HTML, an error object)
 */
export function readReply(raw: string, request: ChatRequest): Reply | null {
  const completion = parseCompletion(raw);
  const choice = completion?.choices?.[0];
  if (completion === null || choice === undefined) {
    return null;
  }
  const text = typeof choice.message?.content === 'string' ? choice.message.content : '';
  return { text, finish: finishOf(choice.finish_reason, text), usage: usageOf(completion, request, text) };
}

/** The text of a stored answer. */
export function textOf(raw: string): string {
  const content = parseCompletion(raw)?.choices?.[0]?.message?.content;
  return typeof content === 'string' ? content : '';
}

function parseCompletion(raw: string): Completion | null {
  try {
    const value: unknown = JSON.parse(raw);
    const choices = (value as Completion | null)?.choices;
    return Array.isArray(choices) && typeof choices[0] === 'object' && choices[0] !== null
      ? (value as Completion)
      : null;
  } catch {
    return null;
  }
}

function finishOf(reason: unknown, text: string): Reply['finish'] {
  if (reason === 'length' || reason === 'content_filter') {
    return reason;
  }
  return text.trim() === '' ? 'unreadable' : 'stop';
}

/**
 * A reply without usage is counted by the bounds that its reservation was made with (bytes, and at most `max_tokens`
 * of output): too much rather than too little, and the same for the same answer.
 */
function usageOf({ usage }: Completion, request: ChatRequest, text: string): TokenUsage {
  const input = count(usage?.prompt_tokens);
  const output = count(usage?.completion_tokens);
  const estimated = input === null || output === null;
  return {
    inputTokens: input ?? inputTokensMax(request.messages),
    cachedTokens: count(usage?.prompt_tokens_details?.cached_tokens) ?? 0,
    outputTokens: output ?? Math.min(request.max_tokens, tokensMax(text)),
    reasoningTokens: count(usage?.completion_tokens_details?.reasoning_tokens) ?? 0,
    estimated,
  };
}

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
