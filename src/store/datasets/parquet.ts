import { open } from 'node:fs/promises';

/**
 * The rows of a Parquet file, column names as keys, in any compression that data sets are published in. One row group is
 * read at a time; its size was chosen by the writer of the file.
 */
export async function* readParquet(path: string): AsyncGenerator<Record<string, unknown>> {
  // Loaded when the first Parquet file is read; most runs read none.
  const [{ parquetMetadataAsync, parquetReadObjects }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const handle = await open(path);
  try {
    const { size: byteLength } = await handle.stat();
    const file = {
      byteLength,
      slice: async (start: number, end = byteLength): Promise<ArrayBuffer> => {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(file);
    const singles = new Set(metadata.schema.filter(({ type }) => type === 'FLOAT').map(({ name }) => name));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      requireUsualSize(group);
      const rowEnd = rowStart + Number(group.num_rows);
      for (const record of await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })) {
        yield singles.size === 0 ? record : withShortFloats(record, singles);
      }
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

/** Writers make groups of some hundred thousand rows and some hundred MB; a few bytes can declare billions. */
const groupRowsMax = 20_000_000;
const groupBytesMax = 4 * 2 ** 30;

function requireUsualSize({ num_rows, total_byte_size }: { num_rows: bigint; total_byte_size: bigint }): void {
  if (num_rows > groupRowsMax || total_byte_size > groupBytesMax) {
    throw new Error(
      `a row group declares ${num_rows} rows and ${total_byte_size} bytes, more than ${groupRowsMax} rows or 4 GiB; write it with smaller row groups`,
    );
  }
}

/** A float32 0.1 is read as the double 0.10000000149011612: the shortest decimal that is the same float32 is meant. */
function withShortFloats(record: Record<string, unknown>, singles: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      singles.has(name) && typeof value === 'number' ? shortest(value) : value,
    ]),
  );
}

function shortest(single: number): number {
  for (let digits = 6; digits <= 9; digits += 1) {
    const candidate = Number(single.toPrecision(digits));
    if (Math.fround(candidate) === single) {
      return candidate;
    }
  }
  return single;
}
