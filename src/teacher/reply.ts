import type { TokenUsage } from '../core/budget/price';
import { type Parsed, quote } from '../core/tasks/task';
import { type Completion, readCompletion } from './completion';
import { splitReasoning } from './reasoning';
import type { ChatRequest } from './request';
import { redactedReason } from './stored-reply';
import { usageOf } from './usage';

/** A paid reply, read as far as the ledger needs it. */
export interface Reply {
  readonly completion: Completion;
  readonly finish: ReplyFinish;
  readonly usage: TokenUsage;
}

/** `incomplete`: for whatever other reason the endpoint gives, or none. `unreadable`: complete, and without text. */
export type ReplyFinish = 'stop' | 'length' | 'content_filter' | 'refused' | 'incomplete' | 'unreadable';

/** Finish reasons in lower case, as endpoints and routers send them. Everything else is an incomplete reply. */
const finishReasons: Readonly<Record<string, ReplyFinish>> = {
  stop: 'stop',
  end: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  model_length: 'length',
  content_filter: 'content_filter',
  safety: 'content_filter',
  recitation: 'content_filter',
  blocklist: 'content_filter',
  prohibited_content: 'content_filter',
  spii: 'content_filter',
  refusal: 'refused',
};

/**
 * Reads a reply's body. Whatever has choices is a completion that was paid for; its text may be empty or cut, which is
 * a state and not an error.
 * @returns `null` when the body is no chat completion (broken JSON, a page of HTML, an error object)
 */
export function readReply(raw: string, request: ChatRequest): Reply | null {
  const completion = readCompletion(raw);
  return completion === null ? null : { completion, finish: finishOf(completion), usage: usageOf(completion, request) };
}

/**
 * The text of a stored reply, or why there is none that may be used. Only what is known to be whole is used.
 * @param reasoning `keep` puts the model's thoughts before its text, in `<think>` tags
 */
export function readText(raw: string, reasoning: 'drop' | 'keep' = 'drop'): Parsed {
  const completion = readCompletion(raw);
  if (completion === null) {
    return { ok: false, reason: 'the reply is no chat completion' };
  }
  if (completion.redacted.length > 0) {
    return { ok: false, reason: redactedReason(completion.redacted) };
  }
  const { rest, thoughts } = thoughtsAndRest(completion);
  switch (finishOf(completion)) {
    case 'refused':
      return { ok: false, reason: `the teacher refused: ${quote(completion.refusal ?? rest)}` };
    case 'content_filter':
      return { ok: false, reason: "withheld by the teacher's content filter" };
    case 'length':
      return { ok: false, reason: cutReason(rest, thoughts) };
    case 'incomplete':
      return { ok: false, reason: incompleteReason(completion) };
    case 'unreadable':
      return { ok: false, reason: thoughts === '' ? 'the reply has no text' : 'the reply has only reasoning, no text' };
    case 'stop':
      return {
        ok: true,
        value: reasoning === 'keep' && thoughts !== '' ? `<think>\n${thoughts}\n</think>\n\n${rest.trim()}` : rest,
      };
  }
}

function finishOf(completion: Completion): ReplyFinish {
  const { refusal, finishReason, error } = completion;
  if (refusal !== null) {
    return 'refused';
  }
  const finish = error === null ? finishReasons[finishReason?.toLowerCase() ?? ''] : 'incomplete';
  if (finish !== 'stop') {
    return finish ?? 'incomplete';
  }
  return thoughtsAndRest(completion).rest.trim() === '' ? 'unreadable' : 'stop';
}

function thoughtsAndRest({ text, reasoning }: Completion): { readonly rest: string; readonly thoughts: string } {
  const { rest, thoughts } = splitReasoning(text);
  return { rest, thoughts: [reasoning.trim(), thoughts].filter((part) => part !== '').join('\n') };
}

const cutReason = (rest: string, thoughts: string): string =>
  rest.trim() === '' && thoughts !== ''
    ? 'only reasoning, cut off at teacher.max_tokens'
    : 'cut off at teacher.max_tokens';

function incompleteReason({ finishReason, error }: Completion): string {
  if (error !== null) {
    return `the reply ended with an error: ${quote(error)}`;
  }
  return finishReason === null || finishReason.trim() === ''
    ? 'the reply does not say that it is whole (no finish_reason)'
    : `the reply ended with finish_reason ${finishReason.slice(0, 40)}`;
}
