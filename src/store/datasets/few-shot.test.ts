import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Seed } from '../../core/records';
import { taskOf, taskSchema } from '../../core/tasks/registry';
import { loadTaskData } from './task-data';

async function loaded(rows: number, examples: number | undefined, seed = 1) {
  const train = join(await mkdtemp(join(tmpdir(), 'tutelage-few-shot-')), 'seeds.jsonl');
  const lines = Array.from({ length: rows }, (_, n) => ({
    question: `How much is ${n} + 1?`,
    answer: `#### ${n + 1}`,
  }));
  await writeFile(train, lines.map((line) => JSON.stringify(line)).join('\n'));
  const task = taskSchema.parse({ kind: 'jsonl', train, test: { share: 0.2 }, check: 'number', prompts: { examples } });
  const data = await loadTaskData({ task, seed }, { datasets: train, absent: 'leave' });
  const pool: Seed[] = [];
  for await (const each of data?.pool ?? []) {
    pool.push(each);
  }
  return { task: taskOf(task), pool, tests: data?.tests.test ?? [] };
}

describe('examples for the teacher', () => {
  it('are other seeds of the pool, as earlier turns, each with its own answer', async () => {
    const { task, pool, tests } = await loaded(200, 3);
    for (const seed of pool) {
      expect(seed.examples).toHaveLength(4);
      expect(new Set(seed.examples?.map(({ question }) => question)).size).toBe(4);
      const shown = seed.examples?.map(({ question }) => question) ?? [];
      expect(shown).not.toContain(seed.question);
      expect(tests.filter(({ question }) => shown.includes(question))).toEqual([]);
    }
    const [seed] = pool;
    const asked = seed === undefined ? [] : task.answerMessages('How much is 7 + 7?', seed);
    expect(asked.map(({ role }) => role)).toEqual([...Array(3).fill(['user', 'assistant']).flat(), 'user']);
    expect(asked[1]?.content).toBe(seed?.examples?.[0]?.answer);
    expect(asked.at(-1)?.content).toContain('How much is 7 + 7?');
    const request = seed === undefined ? [] : task.questionMessages(seed);
    expect(request).toHaveLength(7);
    expect(request[1]?.content).toBe(seed?.examples?.[1]?.question);
    expect(request.at(-1)?.content).toContain(seed?.question);
  });

  it('follow from the random seed of the run', async () => {
    const first = await loaded(100, 2);
    const ofPool = ({ pool }: typeof first) => pool.map(({ examples }) => examples);
    expect(ofPool(await loaded(100, 2))).toEqual(ofPool(first));
    expect(ofPool(await loaded(100, 2, 2))).not.toEqual(ofPool(first));
  });

  it('leave a pool without them as it was', async () => {
    const { pool } = await loaded(20, undefined);
    expect(pool.every((seed) => !('examples' in seed))).toBe(true);
  });

  it('need a pool that is large enough', async () => {
    await expect(loaded(8, 12)).rejects.toThrow('prompts.examples: 12 needs at least 14 seed questions');
  });
});
