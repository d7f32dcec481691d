import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { readParquet } from './parquet';

/** One line of a JSONL file or one row of a Parquet file, from 1: its record, or what is wrong with it. */
export type DataLine =
  | { readonly line: number; readonly record: Readonly<Record<string, unknown>> }
  | { readonly line: number | null; readonly problem: string };

/**
 * The records of a JSONL or Parquet file, told by its first bytes, and everything that cannot be read, in file order.
 * The file may be larger than memory: of JSONL a line is held, of Parquet a group of rows.
 */
export async function* readDataFile(file: string): AsyncGenerator<DataLine> {
  let isEmpty = true;
  for await (const line of anyLines(file)) {
    isEmpty = false;
    yield line;
  }
  if (isEmpty) {
    yield { line: null, problem: 'the file holds no rows' };
  }
}

async function* anyLines(file: string): AsyncGenerator<DataLine> {
  let isParquet: boolean;
  try {
    isParquet = (await firstBytes(file, 4)) === 'PAR1';
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    yield { line: null, problem: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}` };
    return;
  }
  yield* isParquet ? parquetLines(file) : textLines(file);
}

async function firstBytes(file: string, count: number): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead).toString('latin1');
  } finally {
    await handle.close();
  }
}

async function* parquetLines(file: string): AsyncGenerator<DataLine> {
  let line = 0;
  try {
    for await (const record of readParquet(file)) {
      line += 1;
      yield { line, record };
    }
  } catch (error) {
    yield { line: null, problem: `is a Parquet file that cannot be read: ${(error as Error).message}` };
  }
}

/** Line by line, so that a byte that is no UTF-8 is named by its line. */
async function* textLines(file: string): AsyncGenerator<DataLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  for await (const piece of pieces(file)) {
    line += 1;
    const read = readLine(piece, decoder);
    if (typeof read === 'string') {
      yield { line, problem: read };
    } else if (read !== null) {
      yield { line, record: read };
    }
  }
}

async function* pieces(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) {
    yield rest;
  }
}

/** A record, what is wrong with the line, or `null` for an empty one. */
function readLine(piece: Buffer, decoder: InstanceType<typeof TextDecoder>): Record<string, unknown> | string | null {
  let text: string;
  try {
    text = decoder.decode(piece).trim();
  } catch {
    return piece
      .subarray(0, 2)
      .toString('hex')
      .match(/^(?:fffe|feff)$/)
      ? 'is UTF-16; save the file as UTF-8'
      : 'is not UTF-8 text (Latin-1 or another encoding?); save the file as UTF-8';
  }
  if (text === '') {
    return null;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : `expected a JSON object, got ${Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`}`;
  } catch (error) {
    return `is no line of JSON: ${(error as Error).message}`;
  }
}
