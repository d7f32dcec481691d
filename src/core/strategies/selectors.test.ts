import * as fc from 'fast-check';
import { plainRanking } from '../../../test/support/plain-ranking';
import { scoreSeeds, selectSeeds } from '../../../test/support/select-seeds';
import type { StrategyInFile } from '../config/schema';
import type { Seed } from '../records';
import { operatorChains } from '../tasks/operator-chains/task';
import { resolveStrategy } from './presets';

const task = operatorChains({ step_weights: [1], zipf: 1.5, pool_size: 10, test_size: 10 });
const byLoss = { score: 'loss', target: 'own', per: 'token', keep: 'high', temperature: 1, rescore: 'each' } as const;
const plain = { target: 'own', per: 'token', temperature: 1, rescore: 'each' } as const;

const strategies = fc.constantFrom<StrategyInFile>(
  'random',
  'stratified',
  'loss',
  'loss-low',
  { ...byLoss, select: 'sample' },
  { ...byLoss, select: 'sample', temperature: 0.3 },
  { ...byLoss, select: 'sample', keep: 'low' },
  { ...plain, score: 'reward', select: 'sample', keep: 'high', temperature: 2 },
  { ...plain, score: 'lion' },
  { ...plain, score: 'lion', keep: 'low' },
  { ...plain, score: 'badge' },
);

/** Few different scores, so that most tie; some seeds have none. */
const pools = fc.array(
  fc.record({ score: fc.option(fc.integer({ min: -3, max: 6 }), { freq: 6 }), stratum: fc.nat(4) }),
  { minLength: 1, maxLength: 120 },
);

test('each selector gives what sorting the whole pool gives', () => {
  void fc.assert(
    fc.property(strategies, pools, fc.nat(150), fc.nat(40), fc.nat(5), (inFile, pool, count, skip, iteration) => {
      const strategy = resolveStrategy(inFile);
      const isSigned = strategy.score === 'reward' || strategy.score === 'lion';
      const numbers = pool.map(({ score }) => (score === null || isSigned ? score : Math.abs(score)));
      const seeds = pool.map(({ stratum }, index): Seed => ({ id: `s${index}`, question: `${index}`, answer: '4', stratum: `${stratum}` })); // biome-ignore format: a record
      const ids = seeds.map(({ id }) => id);
      const measurements = {
        losses: numbers.flatMap((score, index) => (score === null ? [] : [{ id: ids[index] as string, nllSum: score, tokens: 1, entropySum: 0 }])), // biome-ignore format: a record
        rewards: numbers.map((reward, index) => ({ id: ids[index] as string, reward })),
        grades: numbers.map((score, index) => ({ id: ids[index] as string, state: 'graded' as const, student: score, reference: score === null ? null : 2 * score, requests: [] })), // biome-ignore format: a record
        draws: drawsOf(seeds.length, iteration),
      };
      const scored = scoreSeeds(strategy, task, { seeds, measurements });
      fc.pre(!scored.every(({ state }) => state === 'unmeasured'));
      const place = { runSeed: 7, iteration };
      const expected = plainRanking({ strategy, seeds, scored, draws: measurements.draws, ...place });
      const picks = selectSeeds({ strategy, task, seeds, measurements, count, skip, ...place, asked: new Map() });
      const got = picks.map(({ seedId, score, tieBreak, reason }) => ({
        ...{ id: seedId, score, tieBreak, reason: reason.replace(/, round .*/, '') },
      }));
      expect(got).toEqual(picks.map(({ rank }) => expected[(skip + rank) % expected.length]));
    }),
    { numRuns: 2000 },
  );
});

/** Every second seed, from somewhere on. */
function drawsOf(count: number, from: number) {
  const indexes = Array.from({ length: count }, (_, index) => (index + from) % count).filter(
    (index) => index % 2 === 0,
  );
  return indexes.map((index, rank) => ({ rank, index, distance: 10 - rank / 100 }));
}
