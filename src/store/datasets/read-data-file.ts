import { open, readFile, stat } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { type Delimiter, readCsv } from './csv';
import { bytesOf, type DataLine, decodeUtf8, lineBytesMax, linesOf } from './data-lines';
import { jsonProblem } from './json-problem';
import { readParquet } from './parquet';
import { describeJson, isRecord, parseJson } from './parse-json';

type Format =
  | { readonly format: 'parquet' | 'jsonl' | 'json' }
  | { readonly format: 'csv'; readonly delimiter: Delimiter }
  | { readonly problem: string };

/** V8 holds no longer text. */
const JSON_BYTES_MAX = 400e6;

/**
 * The records of a file, and everything that cannot be read, in file order. JSONL, CSV, TSV, a JSON list and Parquet are
 * distinguished by their content, gzip included. The file may be larger than memory, unless it is one JSON list.
 */
export async function* readDataFile(file: string): AsyncGenerator<DataLine> {
  let isEmpty = true;
  try {
    for await (const line of rowsOf(file)) {
      isEmpty = false;
      yield line;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    yield { line: null, problem: code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}` };
    return;
  }
  if (isEmpty) {
    yield { line: null, problem: 'the file holds no rows' };
  }
}

async function* rowsOf(file: string): AsyncGenerator<DataLine> {
  // A device has no end, and a pipe can be read once, by whoever is first.
  if (!(await stat(file)).isFile()) {
    yield { line: null, problem: 'is a device, a pipe or a socket; expected a regular file' };
    return;
  }
  const isGzip = (await firstBytes(file, 2)).toString('hex') === '1f8b';
  const format = formatOf(file.replace(/\.gz$/i, ''), await beginningOf(file, isGzip));
  if ('problem' in format) {
    yield { line: null, problem: format.problem };
    return;
  }
  switch (format.format) {
    case 'parquet':
      return yield* parquetRows(file);
    case 'csv':
      return yield* readCsv(bytesOf(file, isGzip), format.delimiter);
    case 'json':
      return yield* jsonRows(file, isGzip);
    case 'jsonl':
      return yield* jsonLines(bytesOf(file, isGzip));
  }
}

async function firstBytes(file: string, count: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Enough of a file to see what it is. */
async function beginningOf(file: string, isGzip: boolean): Promise<string> {
  if (!isGzip) {
    return (await firstBytes(file, 65_536)).toString('latin1');
  }
  for await (const chunk of bytesOf(file, true)) {
    return chunk.toString('latin1');
  }
  return '';
}

/** @param beginning in Latin-1, so that any bytes are text */
function formatOf(file: string, beginning: string): Format {
  const text = beginning.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  const firstLine = text.split('\n', 1)[0] ?? '';
  const isNamed = (extension: RegExp) => extension.test(file);
  if (beginning.startsWith('PAR1')) {
    return { format: 'parquet' };
  }
  if (beginning.startsWith('PK\u0003\u0004')) {
    return { problem: 'is a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV' };
  }
  if (/^<(?:!doctype|html|\?xml)/i.test(text)) {
    return { problem: 'is a web page or XML, not data; download the file itself' };
  }
  if (text.startsWith('[')) {
    return { format: 'json' };
  }
  if (text.startsWith('{')) {
    // A single object over several lines holds the rows in one of its members.
    return isNamed(/\.json$/i) && !isWhole(firstLine) ? { format: 'json' } : { format: 'jsonl' };
  }
  if (isNamed(/\.tsv$/i)) {
    return { format: 'csv', delimiter: '\t' };
  }
  const delimiter = delimiterOf(firstLine);
  if (isNamed(/\.csv$/i)) {
    return { format: 'csv', delimiter: delimiter ?? ',' };
  }
  if (delimiter !== null && !isNamed(/\.parquet$/i)) {
    return isNamed(/\.(?:jsonl?|ndjson)$/i)
      ? { problem: 'is CSV, although its name says JSON; name it .csv' }
      : { format: 'csv', delimiter };
  }
  return { format: 'jsonl' };
}

/** The delimiter of a header line; `null` for a line that is not one. */
function delimiterOf(line: string): Delimiter | null {
  const isHeader = (delimiter: string) => {
    const names = line.trim().split(delimiter);
    return names.length > 1 && names.every((name) => /^"?[\p{L}_][\p{L}\p{N} _.-]{0,63}"?$/u.test(name.trim()));
  };
  return (['\t', ',', ';'] as const).find(isHeader) ?? null;
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function* parquetRows(file: string): AsyncGenerator<DataLine> {
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

/** Line by line, so that a byte that is not UTF-8 is reported with its line. */
async function* jsonLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<DataLine> {
  let line = 0;
  for await (const piece of linesOf(bytes)) {
    line += 1;
    const tooLong = { problem: `has more than ${lineBytesMax >> 20} MiB; a row may not be that long` };
    const decoded = piece === null ? tooLong : decodeUtf8(piece);
    if ('problem' in decoded) {
      yield { line, problem: decoded.problem };
    } else if (decoded.text.trim() !== '') {
      yield { line, ...readLine(decoded.text) };
    }
  }
}

function readLine(text: string): { readonly record: Record<string, unknown> } | { readonly problem: string } {
  try {
    const value = parseJson(text);
    return isRecord(value) ? { record: value } : { problem: `expected a JSON object, got ${describeJson(value)}` };
  } catch (error) {
    return { problem: jsonProblem(text, error) };
  }
}

/** One JSON text that is a list of rows, or an object with one member that is. */
async function* jsonRows(file: string, isGzip: boolean): AsyncGenerator<DataLine> {
  const bytes = (await stat(file)).size > JSON_BYTES_MAX ? null : unpacked(await readFile(file), isGzip);
  if (bytes === null) {
    yield { line: null, problem: 'is one JSON text of more than 400 MB; convert it to JSON Lines' };
    return;
  }
  const decoded = decodeUtf8(bytes);
  if ('problem' in decoded) {
    yield { line: null, problem: decoded.problem };
    return;
  }
  let value: unknown;
  try {
    value = parseJson(decoded.text);
  } catch (error) {
    yield { line: null, problem: jsonProblem(decoded.text, error).replace('the line', 'the file') };
    return;
  }
  const rows = listIn(value);
  if (rows === null) {
    yield { line: null, problem: 'is a JSON object without exactly one list of objects; expected a list of rows' };
    return;
  }
  for (const [index, row] of rows.entries()) {
    yield isRecord(row)
      ? { line: index + 1, record: row }
      : { line: index + 1, problem: `expected a JSON object, got ${describeJson(row)}` };
  }
}

/** `null` where it is larger than one text can be. */
function unpacked(stored: Buffer, isGzip: boolean): Buffer | null {
  try {
    return isGzip ? gunzipSync(stored, { maxOutputLength: JSON_BYTES_MAX }) : stored;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return null;
    }
    throw error;
  }
}

function listIn(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) {
    return value;
  }
  const lists = isRecord(value)
    ? Object.values(value).filter((member) => Array.isArray(member) && member.every(isRecord))
    : [];
  const [only] = lists;
  return lists.length === 1 && Array.isArray(only) ? only : null;
}
