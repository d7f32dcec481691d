import type { ChatMessage } from '../tasks/task';

/**
 * Upper bounds on tokens without the teacher's tokenizer. Byte-level BPE (GPT, Llama 3, Qwen, Mistral's later ones)
 * and SentencePiece with byte fallback never make more tokens of a text than it has UTF-8 bytes, since every token
 * stands for at least one byte. SentencePiece may normalise first (NFKC), and a few characters grow by that, so the
 * longer of both forms is counted. What a chat template adds (role names, turn marks, a default system prompt) is not
 * in the text: a fixed allowance a message and a request covers the templates of the common families.
 */
export function tokensMax(text: string): number {
  return Math.max(Buffer.byteLength(text), Buffer.byteLength(text.normalize('NFKC')));
}

const tokensPerMessage = 16;
const tokensPerRequest = 64;

/** Upper bound on the input tokens of a chat request. */
export function inputTokensMax(messages: readonly ChatMessage[]): number {
  const texts = messages.reduce((sum, { content }) => sum + tokensMax(content), 0);
  return texts + tokensPerMessage * messages.length + tokensPerRequest;
}

/**
 * The longest question, in bytes, that the teacher's own question may have; a longer one is rejected (and paid). It
 * makes the answer's price bounded before the question is known: four bytes a token is what English text has, so a
 * question within `max_tokens` passes, and 4 KiB is beyond any question worth training on.
 */
export function questionBytesMax(maxTokens: number): number {
  return Math.min(4096, 4 * maxTokens);
}
