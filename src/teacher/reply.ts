import type { TokenUsage } from '../core/budget/price';
import { inputTokensMax, tokensMax } from '../core/budget/token-bound';
import { type ChatRequest, outputTokensMax, reasonsUnseen } from './request';

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
 * A reply without usage is counted here, from its text. Never too little: whichever is more of a quarter above what
 * OpenAI's o200k tokenizer says (the tokenizers of the common open models stay below that on English and code) and one
 * token for four bytes, with the whole allowance for the template on top; and `max_tokens` where a model may have
 * reasoned unseen. Never above what was reserved.
 */
function usageOf({ usage }: Completion, request: ChatRequest, text: string): TokenUsage {
  const input = count(usage?.prompt_tokens);
  const output = count(usage?.completion_tokens);
  const estimated = input === null || output === null;
  return {
    inputTokens: input ?? estimateInput(request),
    cachedTokens: count(usage?.prompt_tokens_details?.cached_tokens) ?? 0,
    outputTokens: output ?? estimateOutput(request, text),
    reasoningTokens: count(usage?.completion_tokens_details?.reasoning_tokens) ?? 0,
    estimated,
  };
}

function estimateInput({ messages }: ChatRequest): number {
  const bytes = messages.reduce((sum, { content }) => sum + tokensMax(content), 0);
  const allowance = inputTokensMax(messages) - bytes;
  return messages.reduce((sum, { content }) => sum + estimateTokens(content), allowance);
}

function estimateOutput(request: ChatRequest, text: string): number {
  const most = outputTokensMax(request);
  return reasonsUnseen(request.model) ? most : Math.min(most, estimateTokens(text));
}

function estimateTokens(text: string): number {
  // Loaded at the first reply without usage: the tables take half a second and 70 MB, and most endpoints count themselves.
  const { countTokens } =
    require('gpt-tokenizer/encoding/o200k_base') as typeof import('gpt-tokenizer/encoding/o200k_base');
  const counted = countTokens(text, { disallowedSpecial: new Set() });
  return Math.min(tokensMax(text), Math.max(Math.ceil(counted * 1.25), Math.ceil(Buffer.byteLength(text) / 4)));
}

const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
