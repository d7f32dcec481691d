import { parquetReadObjects } from 'hyparquet';
import { columnsOf, csvOf, type Documented } from './columns';
import { parquetFile } from './parquet';

interface Line {
  readonly name: string | null;
  readonly count: number;
  readonly right: boolean | null;
}

const columns: readonly Documented<Line>[] = [
  { name: 'name', type: 'string', meaning: '', value: ({ name }) => name },
  { name: 'count', type: 'integer', meaning: '', value: ({ count }) => count },
  { name: 'right', type: 'boolean', meaning: '', value: ({ right }) => right },
];
const lines: Line[] = [
  { name: 'a, "quoted"\nname', count: 1, right: true },
  { name: null, count: -2, right: null },
];

test('a Parquet file is read back as it was, missing values too', async () => {
  const { buffer, byteOffset, byteLength } = parquetFile(columnsOf(columns, lines));
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  expect((await parquetReadObjects({ file })).map((row) => ({ ...row }))).toEqual([
    { name: 'a, "quoted"\nname', count: 1, right: true },
    { name: null, count: -2, right: null },
  ]);
});

test('a CSV file quotes what needs it and leaves missing values empty', () => {
  expect(csvOf(columns, lines)).toBe('name,count,right\r\n"a, ""quoted""\nname",1,true\r\n,-2,\r\n');
});

test('files without a line still have their columns', async () => {
  expect(csvOf(columns, [])).toBe('name,count,right\r\n');
  const { buffer, byteOffset, byteLength } = parquetFile(columnsOf(columns, []));
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
  expect(await parquetReadObjects({ file })).toEqual([]);
});
