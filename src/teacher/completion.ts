import { asObject, type Json, parseJson } from './reply-json';
/**
 * A chat completion as endpoints really send it. Servers disagree on where the text, the reasoning and the refusal are,
 * and some stream although nobody asked for it; everything that can be read is read here, once.
 */
export interface Completion {
  /** As received, reasoning tags included. */
  readonly text: string;
  /** From fields of its own (`reasoning_content`, `reasoning`, parts of type thinking). */
  readonly reasoning: string;
  /** The model's own words when it declines in the `refusal` field. */
  readonly refusal: string | null;
  readonly finishReason: string | null;
  /** What went wrong at the provider behind a router, in its words. */
  readonly error: string | null;
  readonly usage: UsageReport | null;
  /** Variables whose values this program took out of the reply before it stored it. */
  readonly redacted: readonly string[];
}

/** Counts as the endpoint reports them; `null` where it does not. */
export interface UsageReport {
  readonly prompt: number | null;
  readonly completion: number | null;
  readonly total: number | null;
  readonly cached: number | null;
  /** Written to the cache, as Anthropic, OpenRouter and the LiteLLM proxy report it. */
  readonly cacheWrite: number | null;
  readonly reasoning: number | null;
}

/** @returns `null` when the body is no chat completion (broken JSON, a page of HTML, an error object) */
export function readCompletion(raw: string): Completion | null {
  const body = raw.replace(/^\uFEFF/, '').trimStart();
  return /^(data|event|id|retry)?:/.test(body) ? readEvents(body) : readBody(parseJson(body));
}

/** The error object of a body that is no completion: `{"error": ...}`, also behind `data:` of a stream. */
export function readErrorBody(raw: string): Json | string | null {
  for (const text of [raw, ...eventsOf(raw)]) {
    const error = asObject(parseJson(text))?.error;
    if (typeof error === 'string' && error !== '') {
      return error;
    }
    if (asObject(error) !== null) {
      return asObject(error);
    }
  }
  return null;
}

function readBody(body: unknown): Completion | null {
  const completion = asObject(body);
  const choice = firstChoice(completion);
  if (completion === null || choice === null) {
    return null;
  }
  const message = asObject(choice.message);
  const { text, thinking, refusal } = readContent(message?.content ?? choice.text);
  return {
    text,
    reasoning: [textIn(message?.reasoning_content) || textIn(message?.reasoning), thinking].filter(Boolean).join('\n'),
    refusal: textIn(message?.refusal) || refusal || null,
    finishReason: typeof choice.finish_reason === 'string' ? choice.finish_reason : null,
    error: errorMessageIn(choice.error),
    usage: readUsage(completion.usage),
    redacted: textsOf(completion.redacted),
  };
}

/** Server-sent events put together again: deltas of the first choice, the finish reason and the usage that come last. */
function readEvents(body: string): Completion | null {
  const whole = { content: '', reasoning: '', refusal: '' };
  let finishReason: string | null = null;
  let usage: unknown = null;
  let error: unknown = null;
  let isCompletion = false;
  for (const text of eventsOf(body)) {
    const event = asObject(parseJson(text));
    usage = event?.usage ?? usage;
    error = event?.error ?? error;
    const choice = firstChoice(event);
    if (choice === null) {
      continue;
    }
    isCompletion = true;
    const delta = asObject(choice.delta) ?? asObject(choice.message);
    const { text: content, thinking, refusal } = readContent(delta?.content ?? choice.text);
    whole.content += content;
    whole.reasoning += (textIn(delta?.reasoning_content) || textIn(delta?.reasoning)) + thinking;
    whole.refusal += textIn(delta?.refusal) + refusal;
    finishReason = typeof choice.finish_reason === 'string' ? choice.finish_reason : finishReason;
    error = choice.error ?? error;
  }
  if (!isCompletion) {
    return null;
  }
  return {
    ...{ text: whole.content, reasoning: whole.reasoning, refusal: whole.refusal || null, finishReason },
    ...{ error: errorMessageIn(error), usage: readUsage(usage), redacted: [] },
  };
}

const eventsOf = (body: string): string[] =>
  body
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim());

/** A text, or a list of parts of which some hold text, thoughts or a refusal. */
function readContent(content: unknown): { text: string; thinking: string; refusal: string } {
  const read = { text: '', thinking: '', refusal: '' };
  if (typeof content === 'string') {
    return { ...read, text: content };
  }
  for (const part of Array.isArray(content) ? content : []) {
    const { type, text, thinking, reasoning, refusal }: Json = asObject(part) ?? { type: 'text', text: part };
    if (type === 'refusal') {
      read.refusal += textIn(refusal);
    } else if (type === 'thinking' || type === 'reasoning') {
      read.thinking += textIn(thinking) || textIn(reasoning) || textIn(text);
    } else {
      read.text += textIn(text);
    }
  }
  return read;
}

/** A text as it is, `{value: text}`, or the texts of a list. */
function textIn(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((part) => textIn(asObject(part)?.text ?? part)).join('');
  }
  return typeof asObject(value)?.value === 'string' ? String(asObject(value)?.value) : '';
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

function errorMessageIn(error: unknown): string | null {
  return typeof error === 'string' ? error : textIn(asObject(error)?.message) || null;
}

function readUsage(reported: unknown): UsageReport | null {
  const usage = asObject(reported);
  if (usage === null) {
    return null;
  }
  const promptDetails = asObject(usage.prompt_tokens_details) ?? asObject(usage.input_tokens_details);
  const outputDetails = asObject(usage.completion_tokens_details) ?? asObject(usage.output_tokens_details);
  const cached = count(promptDetails?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cache_read_input_tokens);
  const cacheWrite = count(
    promptDetails?.cache_write_tokens ?? promptDetails?.cache_creation_tokens ?? usage.cache_creation_input_tokens,
  );
  return {
    prompt: count(usage.prompt_tokens) ?? inputIncludingCache(usage, { cached, cacheWrite }),
    completion: count(usage.completion_tokens ?? usage.output_tokens),
    total: count(usage.total_tokens),
    cached,
    cacheWrite,
    reasoning: count(outputDetails?.reasoning_tokens ?? usage.reasoning_tokens),
  };
}

/** `input_tokens` of the responses API has the cached ones in it; beside Anthropic's `cache_..._input_tokens` they are apart. */
function inputIncludingCache(usage: Json, { cached, cacheWrite }: Pick<UsageReport, 'cached' | 'cacheWrite'>) {
  const input = count(usage.input_tokens);
  const isApart = 'cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage;
  return input !== null && isApart ? input + (cached ?? 0) + (cacheWrite ?? 0) : input;
}

/** Numbers of any size: what cannot be true is decided where it is booked. */
const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;

const firstChoice = (completion: Json | null): Json | null =>
  Array.isArray(completion?.choices) ? asObject(completion.choices[0]) : null;
