import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { DataLine } from './data-lines';

export type Delimiter = ',' | '\t' | ';';

/** The rows of a CSV or TSV file with a header line, column names as keys. Reading ends at the first row that is not CSV. */
export async function* readCsv(bytes: AsyncIterable<Buffer>, delimiter: Delimiter): AsyncGenerator<DataLine> {
  const parser = parse({
    ...{ bom: true, columns: true, info: true, skip_empty_lines: true, delimiter },
    // In TSV, and within an unquoted field, a quote is an ordinary character.
    ...(delimiter === '\t' ? { quote: null } : { relax_quotes: true }),
    max_record_size: 64 << 20,
  });
  const source = Readable.from(utf8Only(bytes)).on('error', (error) => parser.destroy(error));
  try {
    for await (const { info, record } of source.pipe(parser)) {
      yield { line: info.lines, record };
    }
  } catch (error) {
    yield problemOf(error as Error);
  }
}

/** The parser would replace what is not UTF-8. */
async function* utf8Only(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of bytes) {
    decoder.decode(chunk, { stream: true });
    yield chunk;
  }
}

function problemOf(error: Error): DataLine {
  const line = error instanceof CsvError && typeof error.lines === 'number' ? error.lines : null;
  if (error instanceof TypeError) {
    return { line: null, problem: 'is not UTF-8 text (Latin-1 or another encoding?); save the file as UTF-8' };
  }
  switch (error instanceof CsvError ? error.code : '') {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
      return { line, problem: 'has another number of fields than the header of this CSV file' };
    case 'CSV_QUOTE_NOT_CLOSED':
      return { line, problem: 'is in a quoted CSV field that never ends' };
    default:
      return { line, problem: `is CSV that cannot be read: ${error.message}` };
  }
}
