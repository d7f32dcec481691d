import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runConfigSchema } from '../../src/core/config/schema';
import type { Diagnosis } from '../../src/core/diagnosis';
import { randomStream } from '../../src/core/random';
import type { Seed, SelectedSeed, SyntheticRow } from '../../src/core/records';
import type { IterationRecord, RunRecord } from '../../src/core/run-record';
import { openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { demoRecord } from './run-records';

/** What a model might write to act in the reader's page. */
export const hostile = `</script><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

const words = 'apples boxes children farm hours left maria more money paid price sells shop than train twice week with'.split(' '); // biome-ignore format: a list

/** An experiment `demo` of two arms by three seeds as the loop leaves it, with texts as long as word problems have them. */
export async function storeExperiment(workspace: string, rowsPerIteration: number): Promise<void> {
  const runs = (['random', 'loss'] as const).flatMap((strategy) => [1, 2, 3].map((seed) => ({ strategy, seed })));
  for (const { strategy, seed } of runs) {
    const record = await storeRun(workspace, demoRecord(strategy, seed), rowsPerIteration);
    await put(workspace, `demo/${strategy}-${seed}/run.json`, record);
  }
  const listed = runs.map(({ strategy, seed }) => ({ run: `demo/${strategy}-${seed}`, labels: { strategy, seed } }));
  await put(workspace, 'demo/experiment.json', { experiment: 'demo', runs: listed });
}

async function put(workspace: string, path: string, content: unknown): Promise<void> {
  const file = join(workspace, 'runs', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(content));
}

async function storeRun(workspace: string, record: RunRecord, rowsPerIteration: number): Promise<RunRecord> {
  const store = openArtifactStore(join(workspace, 'artifacts'), join(workspace, 'checkouts'));
  const stream = randomStream('texts', record.run);
  const text = (length: number) =>
    Array.from({ length }, () => (stream.next() < 0.25 ? String(stream.integer(1000)) : stream.pick(words))).join(' ');
  const pool = Array.from({ length: 2000 }, (_, index): Seed => {
    return { id: `s${index}`, question: text(35), answer: text(60), stratum: `level ${index % 4}` };
  });
  const poolRef = await store.putRecords('pool', pool);
  const all: Diagnosis[] = [];
  const iterations: IterationRecord[] = [];
  for (const iteration of record.iterations) {
    const rows = rowsOf(iteration.iteration, rowsPerIteration, pool, text);
    const picks = rows.map((row, rank): SelectedSeed => ({ rank, seedId: row.parent, score: stream.next(), tieBreak: rank, reason: 'top', askedBefore: 0 })); // biome-ignore format: a record
    const diagnoses = rows.map(({ id, parent }): Diagnosis => {
      const parentLoss = stream.next();
      const correct = stream.next() > parentLoss / 2;
      return { id, parent, parentLoss, loss: parentLoss / 2 + stream.next(), parentCorrect: true, correct, text: '' };
    });
    all.push(...diagnoses);
    iterations.push({
      ...iteration,
      asked: rowsPerIteration,
      accepted: rowsPerIteration,
      funnel: { asked: rowsPerIteration, answered: rowsPerIteration, parsed: rowsPerIteration, new: rowsPerIteration, clean: rowsPerIteration, verified: rowsPerIteration, accepted: rowsPerIteration }, // biome-ignore format: a record
      predictions: null,
      selection: await store.putRecords('selection', picks),
      rows: await store.putRecords('rows', rows),
      rejected: await store.putRecords('rejected-rows', []),
      diagnosis: await store.putRecords('diagnosis', diagnoses),
    });
  }
  const isRandom = record.config.strategy.score === 'random';
  const met = await store.putRecords('diagnosis', all);
  return {
    ...record,
    config: runConfigSchema.parse({ ...record.config, task: { kind: 'gsm8k' }, samples_per_iteration: rowsPerIteration, budget: {} }), // biome-ignore format: a record
    prepared: { ...record.prepared, pool: poolRef },
    iterations,
    ...(isRandom ? { diagnoses: { first: met, final: met } } : {}),
  };
}

function rowsOf(iteration: number, count: number, pool: readonly Seed[], text: (length: number) => string) {
  return Array.from({ length: count }, (_, rank): SyntheticRow => {
    const { id: parent, stratum } = pool[(rank * 7 + iteration) % pool.length] as Seed;
    const answer = rank === 0 ? hostile : text(60);
    const requests = { questionRequest: 'q'.repeat(64), answerRequest: 'a'.repeat(64) };
    return { id: `${iteration}-${rank}`, parent, iteration, rank, question: text(35), answer, stratum, ...requests };
  });
}
