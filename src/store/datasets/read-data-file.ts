import { readFile } from 'node:fs/promises';
import type { DataProblem } from './data-problems';
import { readParquet } from './parquet';

export interface DataRecord {
  /** Of JSONL the line, of Parquet the row; from 1. */
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>>;
}

export interface ReadData {
  readonly records: readonly DataRecord[];
  readonly problems: readonly DataProblem[];
}

/** The records of a JSONL or Parquet file, told by its first bytes, and everything that cannot be read. */
export async function readDataFile(file: string): Promise<ReadData> {
  const about = (message: string): ReadData => ({ records: [], problems: [{ file, line: null, message }] });
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return about(code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`);
  }
  if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') {
    try {
      const rows = await readParquet(bytes);
      const records = rows.map((record, index) => ({ line: index + 1, record }));
      return records.length === 0 ? about('the file holds no rows') : { records, problems: [] };
    } catch (error) {
      return about(`is a Parquet file that cannot be read: ${(error as Error).message}`);
    }
  }
  const read = readLines(file, bytes);
  return read.records.length === 0 && read.problems.length === 0 ? about('the file holds no rows') : read;
}

/** Line by line, so that a byte that is no UTF-8 is named by its line. */
function readLines(file: string, bytes: Buffer): ReadData {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const records: DataRecord[] = [];
  const problems: DataProblem[] = [];
  let start = 0;
  for (let line = 1; start < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    const piece = bytes.subarray(start, end < 0 ? bytes.length : end);
    start = end < 0 ? bytes.length : end + 1;
    const read = readLine(piece, decoder);
    if (typeof read === 'string') {
      problems.push({ file, line, message: read });
    } else if (read !== null) {
      records.push({ line, record: read });
    }
  }
  return { records, problems };
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
