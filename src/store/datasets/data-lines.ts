import { createReadStream } from 'node:fs';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** One row of a data file, from 1: its record, or what is wrong with it. In JSONL and CSV the number is that of the line. */
export type DataLine =
  | { readonly line: number; readonly record: Readonly<Record<string, unknown>> }
  | { readonly line: number | null; readonly problem: string };

/** The bytes of a file, decompressed where it is gzip. */
export function bytesOf(file: string, isGzip: boolean): AsyncIterable<Buffer> {
  const stream = createReadStream(file, { highWaterMark: 1 << 20 });
  // The iteration reports the errors of both.
  return isGzip
    ? pipeline(
        stream,
        createGunzip(),
        unpackedLimit(() => stream.bytesRead),
        () => {},
      )
    : stream;
}

/** Text packs to a tenth; only something that was made for it packs to less than a two hundredth. */
const unpackedFactorMax = 200;
const unpackedBytesMin = 64 << 20;

function unpackedLimit(packedBytes: () => number): Transform {
  let size = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      const isTooMuch = size > unpackedBytesMin && size > unpackedFactorMax * packedBytes();
      done(isTooMuch ? new Error(`it unpacks to more than ${unpackedFactorMax} times its size`) : null, chunk);
    },
  });
}

/** As long as a record of a CSV file may be. */
export const lineBytesMax = 64 << 20;

/** A file's lines, without their ends; `null` for one that is longer than `lineBytesMax`, which is not kept. */
export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer | null> {
  const parts: Buffer[] = [];
  let size = 0;
  const take = (part: Buffer) => {
    size += part.length;
    if (size > lineBytesMax) {
      parts.length = 0;
    } else {
      parts.push(part);
    }
  };
  const end = () => {
    const line = size > lineBytesMax ? null : Buffer.concat(parts.splice(0));
    size = 0;
    return line;
  };
  for await (const chunk of bytes) {
    let start = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, start)) {
      take(chunk.subarray(start, at));
      yield end();
      start = at + 1;
    }
    take(chunk.subarray(start));
  }
  if (size > 0) {
    yield end();
  }
}

/** Text in UTF-8, or why it is not. */
export function decodeUtf8(bytes: Buffer): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    const isUtf16 = /^(?:fffe|feff)/.test(bytes.subarray(0, 2).toString('hex'));
    return {
      problem: isUtf16
        ? 'is UTF-16; save the file as UTF-8'
        : 'is not UTF-8 text (Latin-1 or another encoding?); save the file as UTF-8',
    };
  }
}
