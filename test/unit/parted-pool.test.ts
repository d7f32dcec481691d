import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import * as fc from 'fast-check';
import type { Dependencies } from '../../src/activities/dependencies';
import { createPredict } from '../../src/activities/predict';
import { createScore } from '../../src/activities/score';
import { createSelect } from '../../src/activities/select';
import { createJoinParts } from '../../src/activities/shards';
import type { ArtifactKind, ArtifactRef } from '../../src/core/artifact-ref';
import { runConfigSchema } from '../../src/core/config/schema';
import { cutPool, type Shard } from '../../src/core/table';
import { taskOf } from '../../src/core/tasks/registry';
import { type ArtifactStore, openArtifactStore } from '../../src/store/artifacts/artifact-store';
import { putTable } from '../../src/store/artifacts/tables';
import type { Students } from '../../src/student';

const config = runConfigSchema.parse({
  name: 'parted',
  task: { kind: 'operator-chains', pool_size: 61, test_size: 12 },
  strategy: { name: 'loss', score: 'loss', target: 'own', keep: 'high', select: 'top' },
  iterations: 1,
  samples_per_iteration: 20,
  budget: { samples: 20 },
  seed: 1,
});
const seeds = [...taskOf(config.task).makeData(1).pool];
const model = { base: { kind: 'model' as const, sha256: 'm', bytes: 1 } };

let folder: string;
let store: ArtifactStore;
let dependencies: Dependencies;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutelage-parted-'));
  store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
  const workspace = { runDirectory: () => folder };
  dependencies = { store, workspace, students: studentsThatShare() } as unknown as Dependencies;
});
afterAll(() => rm(folder, { recursive: true }));

/** Answers and losses that follow from a row; a share has every so-manieth row of each file, as the engine shares. */
function studentsThatShare(): Students {
  const lineOf = (op: string, { id, tokenIds = [] }: { id: string; tokenIds?: number[] }) =>
    op === 'predict'
      ? { id, text: `${id}!`, tokenIds: [Number(id.slice(5)) % 7], finish: 'stop' }
      : { id, nllSum: ((Number(id.slice(5)) * 31) % 17) + (tokenIds[0] as number), tokens: 1, entropySum: 0 };
  return {
    run: async ({ op, inputs, parameters }) => {
      const { shard = 0, shards = 1 } = parameters as Shard;
      const lines: object[] = [];
      for (const table of inputs.prompts ?? inputs.answers ?? []) {
        const rows = await store.readRecords<{ id: string }>(table);
        lines.push(...rows.filter((_, index) => index % shards === shard).map((row) => lineOf(op, row)));
      }
      const [name, kind] =
        op === 'predict' ? (['predictions', 'predictions'] as const) : (['scores', 'scores'] as const);
      return { metrics: {}, outputs: { [name]: await store.putRecords(kind, lines) } };
    },
  } as Students;
}

/** What the workflow does with a pool: predict, score and select, each in the shards it is cut into. */
async function lookAt(pool: ArtifactRef, shardRows: number) {
  const context = {
    run: 'parted',
    experiment: null,
    config,
    prepared: { pool, tests: {}, base: model, baseRows: null },
  };
  const shards = cutPool(pool, shardRows);
  const inShards = async (kind: ArtifactKind, step: (shard: Shard) => Promise<ArtifactRef>) => {
    const parts: ArtifactRef[] = [];
    for (const shard of shards) {
      parts.push((await new MockActivityEnvironment().run(() => step(shard))) as ArtifactRef);
    }
    const shares = shards[0]?.shards ?? 1;
    return parts.length === 1
      ? (parts[0] as ArtifactRef)
      : createJoinParts(dependencies)({ ...context, kind, parts, shares });
  };
  const student = { ...context, student: model };
  const predict = createPredict(dependencies);
  const predictions = await inShards('predictions', (shard) => predict({ ...student, iteration: 1, ...shard }));
  const score = createScore(dependencies);
  const scores = await inShards('scores', (shard) => score({ ...student, predictions, ...shard }));
  const asked = { ...student, iteration: 1, predictions, scores, finishedIterations: null, count: 40 };
  const { selection, pickedSeeds } = await createSelect(dependencies)(asked);
  return {
    ...{ predictions: await store.readRecords(predictions), scores: await store.readRecords(scores) },
    ...{ selection, pickedSeeds },
  };
}

test('answers, scores and selection are the same, however a pool is stored in parts and cut into shards', async () => {
  const whole = await lookAt(await putTable(store, 'pool', seeds), 1000);
  expect(whole.predictions).toHaveLength(61);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 61 }), fc.integer({ min: 2, max: 80 }), async (partRows, shardRows) => {
      expect(await lookAt(await putTable(store, 'pool', seeds, { partRows }), shardRows)).toEqual(whole);
    }),
    { numRuns: 25 },
  );
});

test('a table that lacks a seed is refused', async () => {
  const pool = await putTable(store, 'pool', seeds, { partRows: 40 });
  const prepared = { pool, tests: {}, base: model, baseRows: null };
  const parts = [
    await store.putRecords('scores', seeds.slice(0, 40)),
    await store.putRecords('scores', seeds.slice(41)),
  ];
  const joined = createJoinParts(dependencies)({ run: 'parted', experiment: null, config, prepared, kind: 'scores', parts, shares: 1 }); // biome-ignore format: one call
  await expect(joined).rejects.toThrow('have 60 rows, the pool has 61 seeds');
});
