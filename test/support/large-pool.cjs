'use strict';
// A child of test/unit/large-pool.test.ts, run with a small heap: looks at a pool of 300,000 seeds as the steps of an
// iteration do (`stream`), or holds it and its scores in memory (`hold`). Prints how many picks or records there were.

const { join } = require('node:path');

const built = (path) => require(join(__dirname, '..', '..', 'dist', path));
const { openArtifactStore } = built('store/artifacts/artifact-store');
const { putTable } = built('store/artifacts/tables');
const { createSelect } = built('activities/select');
const { createJoinParts } = built('activities/shards');
const { putPairs } = built('activities/pairs');
const { runConfigSchema } = built('core/config/schema');

const [folder, mode] = process.argv.slice(2);
const SEEDS = 300_000;
const PART = 20_000;

const config = runConfigSchema.parse({
  name: 'large',
  task: { kind: 'operator-chains' },
  strategy: { name: 'loss', score: 'loss', target: 'own', keep: 'high', select: 'top' },
  iterations: 1,
  samples_per_iteration: 1000,
  budget: { samples: 1000 },
  seed: 1,
});

function* rows(from, to, row) {
  for (let index = from; index < to; index += 1) {
    yield { id: `pool-${String(index).padStart(5, '0')}`, ...row(index) };
  }
}

const seedRow = (index) => ({ question: `${index % 10}+${index % 7}=`, answer: '4', stratum: `s${index % 12}` });
const lossRow = (index) => ({ nllSum: (index * 7919) % 1000, tokens: 2, entropySum: 1 });
const answerRow = () => ({ text: '4', tokenIds: [7, 1], finish: 'stop' });

async function main() {
  const store = openArtifactStore(join(folder, 'artifacts'), join(folder, 'checkouts'));
  const pool = await putTable(store, 'pool', rows(0, SEEDS, seedRow));
  const parts = { scores: [], predictions: [] };
  for (let from = 0; from < SEEDS; from += PART) {
    parts.scores.push(await putTable(store, 'scores', rows(from, from + PART, lossRow)));
    parts.predictions.push(await putTable(store, 'predictions', rows(from, from + PART, answerRow)));
  }
  const context = { run: 'large', experiment: null, config, prepared: { pool, tests: {}, base: null, baseRows: null } };
  const joinParts = createJoinParts({ store });
  const scores = await joinParts({ ...context, kind: 'scores', parts: parts.scores, shares: 1 });
  const predictions = await joinParts({ ...context, kind: 'predictions', parts: parts.predictions, shares: 1 });
  if (mode === 'hold') {
    const held = [await store.readRecords(pool), await store.readRecords(scores), await store.readRecords(predictions)];
    process.stdout.write(`${held.reduce((sum, table) => sum + table.length, 0)}\n`);
    return;
  }
  const pairs = await putPairs(store, { ...context, predictions, parts: { from: 3, to: 5 } });
  const select = createSelect({ store });
  const { selection } = await select({
    ...context,
    iteration: 1,
    student: null,
    predictions,
    scores,
    finishedIterations: null,
    count: 2000,
  });
  const picks = await store.readRecords(selection);
  process.stdout.write(
    `${JSON.stringify({ pairs: pairs.map(({ rows }) => rows), picks: picks.length, best: picks[0].score })}\n`,
  );
}

void main();
