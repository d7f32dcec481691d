import { open } from 'node:fs/promises';

/**
 * The rows of a Parquet file (uncompressed or Snappy, as data sets are published), column names as keys. A group of rows
 * is read at a time, as large as whoever wrote the file made it.
 */
export async function* readParquet(path: string): AsyncGenerator<Record<string, unknown>> {
  // Loaded when the first Parquet file is read; most runs read none.
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
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
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      yield* await parquetReadObjects({ file, metadata, rowStart, rowEnd });
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}
