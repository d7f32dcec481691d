/** The rows of a Parquet file (uncompressed or Snappy, as data sets are published), column names as keys. */
export async function readParquet(bytes: Buffer): Promise<Record<string, unknown>[]> {
  // Loaded when the first Parquet file is read; most runs read none.
  const { parquetReadObjects } = await import('hyparquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  return parquetReadObjects({ file });
}
