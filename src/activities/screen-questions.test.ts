import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runConfigSchema } from '../core/config/schema';
import { PART_ROWS } from '../core/table';
import { openArtifactStore } from '../store/artifacts/artifact-store';
import { putTable } from '../store/artifacts/tables';
import { createScreenQuestions, holdQuestions } from './screen-questions';

const config = runConfigSchema.parse({
  name: 'screened',
  task: { kind: 'jsonl', check: 'number', train: 'train.jsonl', test: 'test.jsonl' },
  strategy: { name: 'random', score: 'random', target: 'own', keep: 'high', select: 'top' },
  iterations: 1,
  samples_per_iteration: 20,
  budget: { samples: 20 },
  seed: 1,
});

const WORDS = 'ash birch cedar elm fir hazel larch maple oak pine'.split(' ');
const treesOf = (index: number) => [...String(index).padStart(6, '0')].map((digit) => WORDS[Number(digit)]).join(' ');
const seedAt = (index: number) => ({ id: `pool-${index}`, question: `How old are ${treesOf(index)} number ${index}?` });

function* seeds(from: number, to: number) {
  for (let index = from; index < to; index += 1) {
    yield { ...seedAt(index), answer: '1', stratum: '' };
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-screen-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a question is compared with every part of a large pool before its answer is bought', async () => {
  const store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
  const pool = await putTable(store, 'pool', seeds(0, PART_ROWS + 50));
  expect(pool.parts).toBe(2);
  const tests = { test: await putTable(store, 'pool', seeds(900_000, 900_010)) };
  const prepared = { pool, tests, base: { base: { kind: 'model' as const, sha256: 'm', bytes: 1 } }, baseRows: null };
  const screen = await createScreenQuestions(store)({
    ...{ run: 'screened', experiment: null, config, prepared, finishedIterations: null },
  });
  const last = PART_ROWS + 49;
  expect(screen(seedAt(last).question.toUpperCase())).toEqual({
    stage: 'duplicate',
    reason: `the same as seed pool-${last}`,
  });
  expect(screen(seedAt(last).question.replace('old', 'tall'))?.reason).toBe(`near seed pool-${last}: ROUGE-L 0.91`);
  expect(screen(seedAt(900_003).question)).toEqual({ stage: 'leak', reason: 'the same as test question pool-900003' });
  expect(screen('Ten friends share a pizza of eight slices. How much does each one eat?')).toBeNull();
});

test('of a pool that is too large to be held the first questions are, and the test sets before them', async () => {
  const strict = { ...config, hygiene: { ...config.hygiene, near: 1 } };
  const known = await holdQuestions(strict, { test: seeds(900_000, 900_003), pool: seeds(0, 10), row: [] }, 8);
  const originOf = (index: number) => known.find(seedAt(index).question)?.id ?? null;
  expect([known.size, originOf(900_002), originOf(4), originOf(5)]).toEqual([8, 'pool-900002', 'pool-4', null]);
});
