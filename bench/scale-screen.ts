import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScreenQuestions } from '../src/activities/screen-questions';
import { runConfigSchema } from '../src/core/config/schema';
import { randomStream } from '../src/core/random';
import { openArtifactStore } from '../src/store/artifacts/artifact-store';
import { putTable } from '../src/store/artifacts/tables';

const QUESTIONS = 200;

const wordOf = (number: number) => number.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] as string);

/** A question by its number. `prose`: 45 words as frequent as in English; `template`: all alike but for the numbers. */
const kinds: Readonly<Record<string, (index: number) => string>> = {
  prose: (index) => {
    const random = randomStream('screen', index);
    return Array.from({ length: 45 }, () => wordOf(Math.floor(20_000 ** random.next()))).join(' ');
  },
  template: (index) =>
    `A farm has ${index} apples in ${index % 97} boxes and sells ${index % 89} of them each week. How many are left after ${index % 53} weeks?`,
};

/** Time and memory of the screen that new questions pass before their answers are bought, over a pool of so many seeds. */
export async function measureScreen(seeds: number): Promise<void> {
  for (const [kind, questionOf] of Object.entries(kinds)) {
    const folder = mkdtempSync(join(tmpdir(), 'tutelage-screen-'));
    try {
      await measureKind(folder, kind, questionOf, seeds);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

async function measureKind(folder: string, kind: string, questionOf: (index: number) => string, seeds: number) {
  const store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
  const rows = function* (from: number, to: number) {
    for (let index = from; index < to; index += 1) {
      yield { id: `pool-${index}`, question: questionOf(index), answer: '1', stratum: '' };
    }
  };
  const pool = await putTable(store, 'pool', rows(0, seeds));
  const test = await putTable(store, 'pool', rows(seeds, seeds + 600));
  const config = runConfigSchema.parse({
    name: 'screen',
    task: { kind: 'jsonl', check: 'number', train: 'train.jsonl', test: 'test.jsonl' },
    strategy: { name: 'random', score: 'random', target: 'own', keep: 'high', select: 'top' },
    iterations: 1,
    samples_per_iteration: 1000,
    budget: { samples: 1000 },
    seed: 1,
  });
  // Exact with `node --expose-gc`.
  const usedMiB = () => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / 2 ** 20;
  };
  const beforeMiB = usedMiB();
  const startMs = performance.now();
  const prepared = {
    pool,
    tests: { test },
    base: { base: { kind: 'model' as const, sha256: 'none', bytes: 0 } },
    baseRows: null,
  };
  const screen = await createScreenQuestions(store)({
    ...{ run: 'screen', experiment: null, config, prepared, finishedIterations: null },
  });
  screen(questionOf(-1));
  const readyMs = performance.now() - startMs;
  const heldMiB = usedMiB() - beforeMiB;
  const times: number[] = [];
  let rejected = 0;
  for (let index = 0; index < QUESTIONS; index += 1) {
    const question = questionOf(index % 2 === 0 ? index * 31 : -index);
    const sinceMs = performance.now();
    rejected += screen(question) === null ? 0 : 1;
    times.push(performance.now() - sinceMs);
  }
  times.sort((left, right) => left - right);
  const at = (share: number) => (times[Math.floor(share * (QUESTIONS - 1))] as number).toFixed(2);
  console.log(
    `screen, ${kind}: ${seeds} seeds read and indexed in ${(readyMs / 1000).toFixed(1)} s, ${heldMiB.toFixed(0)} MiB; a question in ${at(0.5)} ms (median), ${at(1)} ms at most; ${rejected} of ${QUESTIONS} rejected`,
  );
}
