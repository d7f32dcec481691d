import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskConfig } from '../../core/config/schema';
import type { Seed } from '../../core/records';
import { taskSchema } from '../../core/tasks/registry';
import { loadTaskData } from './task-data';

const line = (question: string, answer = '5') => JSON.stringify({ question, answer });
const good = (count: number, offset = 0) =>
  Array.from({ length: count }, (_, index) => line(`How much is ${index + offset} and ${index + 1}?`));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-data-'));
});

/** Pool and test set as lists. */
async function dataOf(task: TaskConfig) {
  const data = await loadTaskData({ task, seed: 1 }, { datasets: folder, absent: 'leave' });
  const pool: Seed[] = [];
  for await (const seed of data?.pool ?? []) {
    pool.push(seed);
  }
  return { pool, tests: data?.tests };
}

/** What comes of a pair of files, the folder's name left out. */
async function load(train: string | Buffer, test: string | Buffer, options: object = {}) {
  const [trainPath, testPath] = [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')];
  await writeFile(trainPath, train);
  await writeFile(testPath, test);
  const task = taskSchema.parse({ kind: 'jsonl', check: 'number', train: trainPath, test: testPath, ...options });
  try {
    return await dataOf(task);
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
}

describe('data files', () => {
  it('give the pool and the test set in file order', async () => {
    const data = await load(good(5).join('\n'), good(3, 100).join('\n'));
    expect(data).toMatchObject({
      pool: [{ id: 'pool-00000', question: 'How much is 0 and 1?', answer: '5', stratum: 'all' }, {}, {}, {}, {}],
      tests: { test: [{}, {}, {}] },
    });
  });

  it('give a part that is drawn by the seed, where sizes are asked for', async () => {
    const data = await load(good(50).join('\n'), good(3, 100).join('\n'), { pool_size: 4 });
    expect(typeof data === 'object' && data.pool.map(({ id }) => id)).toEqual(
      ['pool-00015', 'pool-00001', 'pool-00004', 'pool-00008'], // biome-ignore format: a list
    );
  });

  it('are told wrong all at once, each problem with its file and line', async () => {
    const lines = good(400);
    lines[9] = JSON.stringify({ prompt: 'What?', answer: '5' });
    lines[19] = lines[4] as string;
    lines[316] = '{"question": "broken';
    lines[317] = line('What is it?', 'no number');
    lines[318] = '[1, 2]';
    const mixed = Buffer.concat([
      Buffer.from(`${lines.join('\n')}\n`),
      Buffer.from('{"question": "Wie gro\xdf ist es denn?", "answer": "5"}\n', 'latin1'),
    ]);
    expect(await load(mixed, `${line('A quite new question?')}\n${lines[0]}\n`)).toBe(
      [
        'train.jsonl:317: is not valid JSON: the line ends in the middle of a value',
        'train.jsonl:319: expected a JSON object, got a list',
        'train.jsonl:401: is not UTF-8 text (Latin-1 or another encoding?); save the file as UTF-8',
        'train.jsonl:10: there is no column "question"; there are prompt, answer',
        'train.jsonl:318: "answer" cannot be read by check: number: "no number": not exactly one number',
        'train.jsonl:20: the same question as in line 5',
        'test.jsonl:2: this test question is also a seed, in train.jsonl:1',
      ].join('\n'),
    );
  });

  it.each([
    [{}, ['3:30 p.m.', '4:45', '2-3', '5-6', 'none', 'a "few"'], 3],
    [{ check: 'labels', labels: ['yes', 'no'] }, ['perhaps', 'never "mind"', 'often'], 1],
    [{ check: 'choice' }, ['first', 'second one', 'the third'], 1],
    [{ check: 'regex', pattern: '\\d{4}' }, ['12', '345 "6"', '7'], 1],
    [{ check: 'json' }, ['{', '{"a', '[1'], 1],
  ])('whose references cannot be read tell each kind of it once: %p', async (options, answers, kinds) => {
    const rows = [...answers, ...answers].map((answer, index) => line(`What is the thing number ${index}?`, answer));
    const problems = String(await load(rows.join('\n'), good(2, 100).join('\n'), options)).split('\n');
    const ofTrain = problems.filter((problem) => problem.startsWith('train.jsonl'));
    expect(ofTrain).toHaveLength(kinds);
    expect(ofTrain.every((problem) => /in all \d+ rows|also lines? /.test(problem))).toBe(true);
  });

  it.each([
    ['', 'train.jsonl: the file holds no rows'],
    ['\n\n', 'train.jsonl: the file holds no rows'],
    [Buffer.from('\ufeffx', 'utf16le'), 'train.jsonl:1: is UTF-16; save the file as UTF-8'],
    [Buffer.from('PAR1 and no more'), 'train.jsonl: is a Parquet file that cannot be read: parquet file is too short'],
  ])('%p is named', async (train, message) => {
    expect(String(await load(train, good(2).join('\n')))).toContain(message.slice(0, 40));
  });

  it('that do not exist are named, both of them', async () => {
    const task = taskSchema.parse({ kind: 'gsm8k', train: join(folder, 'a'), test: join(folder, 'b') });
    await expect(loadTaskData({ task, seed: 1 }, { datasets: folder, absent: 'leave' })).rejects.toThrow(
      `${folder}/a: there is no such file\n${folder}/b: there is no such file`,
    );
  });

  it('of GSM8K are read as published, without calculator marks', async () => {
    const row = { question: 'How many clips?', answer: 'She sold 48/2 = <<48/2=24>>24.\nAll: 72.\n#### 72' };
    const path = join(folder, 'g.jsonl');
    await writeFile(path, `${JSON.stringify(row)}\n`);
    await writeFile(join(folder, 't.jsonl'), `${JSON.stringify({ ...row, question: 'How many stamps?' })}\n`);
    const task = taskSchema.parse({ kind: 'gsm8k', train: path, test: join(folder, 't.jsonl') });
    expect((await dataOf(task)).pool).toEqual([
      {
        id: 'pool-00000',
        question: row.question,
        answer: 'She sold 48/2 = 24.\nAll: 72.\n#### 72',
        stratum: 'steps-2',
      },
    ]);
  });

  it('of MATH are read at the levels that are wanted, in both published forms', async () => {
    const rows = ['Level 1', 2, 'Level 5', 'Level ?'].map((level, index) => ({
      ...{ problem: `Find the value of $x_${index}$.`, solution: 'It is \\boxed{5}.', level, type: 'Algebra' },
    }));
    const [train, test] = [join(folder, 'm.jsonl'), join(folder, 'n.jsonl')];
    await writeFile(train, rows.map((row) => JSON.stringify(row)).join('\n'));
    await writeFile(test, JSON.stringify({ ...rows[0], problem: 'Find the other value.' }));
    const task = taskSchema.parse({ kind: 'math', train, test });
    const data = await dataOf(task);
    expect(data.pool.map(({ stratum }) => stratum)).toEqual(['level-1', 'level-2']);
  });

  it('that are published and not here are left so, when nothing may be fetched', async () => {
    const task = taskSchema.parse({ kind: 'gsm8k' });
    expect(await loadTaskData({ task, seed: 1 }, { datasets: folder, absent: 'leave' })).toBeNull();
  });

  it('of options that no data can meet are refused as well', async () => {
    const task = taskSchema.parse({ kind: 'prontoqa', hops: [1], distractors: 'none', pool_size: 50_000 });
    await expect(loadTaskData({ task, seed: 1 }, { datasets: folder, absent: 'leave' })).rejects.toThrow(
      'these options have too few different problems',
    );
  });
});
