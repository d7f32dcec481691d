import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

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

const decompressors: Readonly<Record<string, () => NodeJS.ReadWriteStream>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** A body as it was before it was compressed. None was asked for, but some gateways compress all the same. */
export function decoded({
  headers,
  body,
}: {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}): AsyncIterable<Uint8Array> {
  const encodings = [headers['content-encoding'] ?? []].flat().flatMap((value) => value.toLowerCase().split(/\s*,\s*/));
  const open = encodings.length === 1 ? decompressors[encodings[0] ?? ''] : undefined;
  // What breaks off or is not what it says meets whoever reads it.
  return open === undefined ? body : Readable.from(pipeline(body, open(), () => undefined));
}

export interface BoundedBody {
  /** As received, decompressed; of a longer body the beginning. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** Reads a body up to a limit, and ends the transfer there: an endpoint cannot fill the memory. */
export async function readBounded(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  bytesMax: number,
): Promise<BoundedBody> {
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the body.
  for await (const part of body) {
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
