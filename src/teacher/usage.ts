import type { TokenUsage, WorstCase } from '../core/budget/price';
import { inputTokensMax, tokensMax } from '../core/budget/token-bound';
import type { Completion } from './completion';
import { type ChatRequest, outputTokensMax, reasonsUnseen } from './request';

/** No tokenizer makes so many times fewer tokens of a text than the one used here: below that a count cannot be true. */
const tokenizersDifferBy = 8;

/** Reported usage of this many times the reserved worst case is an error of the endpoint's counter, not a bill. */
const absurdFactor = 100;

/**
 * What a reply has used, as far as its report can be true.
 *
 * Output is the largest of what the report allows: some servers count reasoning apart from the completion and only the
 * total, or its size, tells. A count below what the text itself must have is taken as no report. What is not reported is
 * estimated from the text, never too little: a quarter above what OpenAI's o200k tokenizer says (the tokenizers of common
 * open models stay below that on English and code) or one token for four bytes, whichever is more, with the whole
 * allowance for the chat template on top; and `max_tokens` where a model may have reasoned without showing it. An
 * estimate is never above what was reserved.
 */
export function usageOf({ usage, text, reasoning }: Completion, request: ChatRequest): TokenUsage {
  const input = plausible(largestInput(usage), textOf(request));
  const inputTokens = input ?? estimateInput(request);
  const shown = `${reasoning}${text}`;
  // Some servers leave the reasoning that they show out of the count, which then is not far off.
  const output = plausible(largestOutput(usage, inputTokens), shown, reasoning === '' ? tokenizersDifferBy : 2);
  return {
    inputTokens,
    cachedTokens: Math.min(usage?.cached ?? 0, inputTokens),
    cacheWriteTokens: Math.min(usage?.cacheWrite ?? 0, inputTokens),
    outputTokens: output ?? Math.max(largestOutput(usage, inputTokens) ?? 0, estimateOutput(request, shown)),
    reasoningTokens: Math.min(usage?.reasoning ?? 0, output ?? Number.POSITIVE_INFINITY),
    estimated: input === null || output === null,
  };
}

/**
 * The usage that is booked: as reported even where it is above the reserved worst case, since it is what will be billed.
 * A report of a hundred times the worst case is booked at the worst case and marked.
 * @param outputMax the limit that was sent with the request
 */
export function bookedUsage(usage: TokenUsage, worst: WorstCase, outputMax: number): TokenUsage {
  if (usage.inputTokens + usage.outputTokens < absurdFactor * worst.tokens) {
    return usage;
  }
  const outputTokens = Math.min(outputMax, worst.tokens);
  const inputTokens = worst.tokens - outputTokens;
  return { inputTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0, estimated: true, isAbsurd: true };
}

/** Some routers leave what was read from a cache or written to it out of the prompt, which then has fewer tokens than these. */
function largestInput(usage: Completion['usage']): number | null {
  if (usage === null || usage.prompt === null) {
    return null;
  }
  const apart = (usage.cached ?? 0) + (usage.cacheWrite ?? 0);
  return apart > usage.prompt ? usage.prompt + apart : usage.prompt;
}

function largestOutput(usage: Completion['usage'], inputTokens: number): number | null {
  if (usage === null || (usage.completion === null && usage.total === null)) {
    return null;
  }
  const completion = usage.completion ?? 0;
  const reasoning = usage.reasoning ?? 0;
  const beyondPrompt = (usage.total ?? 0) - (usage.prompt ?? inputTokens);
  // More reasoning than completion: it is counted apart, unless the total has room for it (a count that is one short).
  const isApart = reasoning > completion && beyondPrompt < reasoning;
  return Math.max(isApart ? completion + reasoning : completion, beyondPrompt);
}

/** The count, or `null` where the text cannot have so few tokens. */
function plausible(count: number | null, text: string, factor = tokenizersDifferBy): number | null {
  if (count === null) {
    return null;
  }
  // Texts have some four bytes a token; only where a count says many more is the tokenizer asked.
  return count * 2 * factor >= Buffer.byteLength(text) || count * factor >= countTokens(text) ? count : null;
}

const textOf = ({ messages }: ChatRequest) => messages.map(({ content }) => content).join('\n');

function estimateInput({ messages }: ChatRequest): number {
  const bytes = messages.reduce((sum, { content }) => sum + tokensMax(content), 0);
  const allowance = inputTokensMax(messages) - bytes;
  return messages.reduce((sum, { content }) => sum + estimateTokens(content), allowance);
}

function estimateOutput(request: ChatRequest, text: string): number {
  const most = outputTokensMax(request);
  return reasonsUnseen(request.model) ? most : Math.min(most, estimateTokens(text));
}

const estimateTokens = (text: string): number =>
  Math.min(tokensMax(text), Math.max(Math.ceil(countTokens(text) * 1.25), Math.ceil(Buffer.byteLength(text) / 4)));

function countTokens(text: string): number {
  // Loaded at the first reply that needs it: the tables take half a second and 70 MB, and most endpoints count themselves.
  const { countTokens: count } =
    require('gpt-tokenizer/encoding/o200k_base') as typeof import('gpt-tokenizer/encoding/o200k_base');
  return count(text, { disallowedSpecial: new Set() });
}
