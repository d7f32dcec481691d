import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { DataLine } from './data-lines';
import { readDataFile } from './read-data-file';

it('a Parquet file is told by its content and read with its columns, group by group', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'tutelage-parquet-')), 'train.anything');
  const columnData = [
    { name: 'question', data: ['How many?', 'Wie groß?', 'How far?'], type: 'STRING' as const },
    { name: 'answer', data: [5, 7, 9], type: 'INT32' as const },
  ];
  await writeFile(file, Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));
  const lines: DataLine[] = [];
  for await (const line of readDataFile(file)) {
    lines.push(line);
  }
  expect(lines).toEqual([
    { line: 1, record: { question: 'How many?', answer: 5 } },
    { line: 2, record: { question: 'Wie groß?', answer: 7 } },
    { line: 3, record: { question: 'How far?', answer: 9 } },
  ]);
});
