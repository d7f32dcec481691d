// The package is ESM only: Node loads it by `require`, jest has to transform it, so no other file imports it.
import { parquetWriteBuffer } from 'hyparquet-writer';

export type ColumnType = 'string' | 'integer' | 'number' | 'boolean';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: readonly (string | number | boolean | null)[];
}

const parquetTypes = { string: 'STRING', integer: 'INT32', number: 'DOUBLE', boolean: 'BOOLEAN' } as const;

/** A Parquet file of these columns, all of one length; `null` is a missing value. */
export function parquetFile(columns: readonly Column[]): Buffer {
  const columnData = columns.map(({ name, type, values }) => ({
    name,
    type: parquetTypes[type],
    data: [...values],
    nullable: true,
  }));
  return Buffer.from(parquetWriteBuffer({ columnData }));
}
