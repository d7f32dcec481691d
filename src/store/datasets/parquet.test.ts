import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { readDataFile } from './read-data-file';

it('a Parquet file is told by its content and read with its columns', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'tutelage-parquet-')), 'train.anything');
  const columnData = [
    { name: 'question', data: ['How many?', 'Wie groß?'], type: 'STRING' as const },
    { name: 'answer', data: [5, 7], type: 'INT32' as const },
  ];
  await writeFile(file, Buffer.from(parquetWriteBuffer({ columnData })));
  expect(await readDataFile(file)).toEqual({
    problems: [],
    records: [
      { line: 1, record: { question: 'How many?', answer: 5 } },
      { line: 2, record: { question: 'Wie groß?', answer: 7 } },
    ],
  });
});
