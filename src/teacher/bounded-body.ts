import type { Response } from 'undici';

/** Room for what surrounds the text: ids, usage, logs of a gateway. */
const surroundingsBytes = 1 << 20;

/** One token as an event of its own, with its probability, is half of this. */
const bytesPerToken = 1024;

/** A page of HTML or a quoted request is smaller; of a larger refusal the beginning says enough. */
export const refusalBytesMax = 1 << 20;

/** A file of batch replies must fit into one string. */
export const fileBytesMax = 400 << 20;

/** More bytes than a reply with so many tokens can need. */
export const replyBytesMax = (maxTokens: number): number => surroundingsBytes + bytesPerToken * maxTokens;

export interface BoundedBody {
  /** As received, decompressed; of a longer body the beginning. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** Reads a body up to a limit, and ends the transfer there: an endpoint cannot fill the memory. */
export async function readBounded(response: Pick<Response, 'body'>, bytesMax: number): Promise<BoundedBody> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the body.
  for await (const part of response.body ?? []) {
    parts.push(part);
    size += part.length;
    if (size > bytesMax) {
      break;
    }
  }
  return { bytes: Buffer.concat(parts).subarray(0, bytesMax), isWhole: size <= bytesMax };
}

/**
 * Stands for a reply that is too long: a completion that was paid for to its limit and has no text, with the reason.
 * @param maxTokens as they were asked for
 */
export const oversizedReply = (maxTokens: number): string =>
  JSON.stringify({
    choices: [
      {
        message: { content: '' },
        error: { message: `more than ${replyBytesMax(maxTokens).toLocaleString('en')} bytes for ${maxTokens} tokens` },
      },
    ],
    usage: { completion_tokens: maxTokens },
  });
