import * as fc from 'fast-check';
import { type Measurements, type SelectInput, scoreSeeds, selectSeeds } from '../../../test/support/select-seeds';
import type { StrategyInFile } from '../config/schema';
import type { AnswerLoss, Grade, Prediction, Seed, SelectedSeed } from '../records';
import { operatorChains } from '../tasks/operator-chains/task';
import { resolveStrategy, strategyProblems } from './presets';
import { measurementsOf, scorers } from './scorers';

const task = operatorChains({ step_weights: [1], zipf: 1.5, pool_size: 10, test_size: 10 });
const questionOf = (index: number) => `${index % 10}%${Math.floor(index / 10)}=`;
const seedsOf = (count: number): Seed[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `pool-${String(index).padStart(5, '0')}`,
    question: questionOf(index),
    answer: '4',
    stratum: 'distance',
  }));
const lossesOf = (values: readonly number[], tokens = 2): AnswerLoss[] =>
  seedsOf(values.length).map(({ id }, index) => ({
    id,
    nllSum: (values[index] ?? 0) * tokens,
    tokens,
    entropySum: 1,
  }));
const answersOf = (texts: readonly string[]): Prediction[] =>
  seedsOf(texts.length).map(({ id }, index) => ({ id, text: texts[index] ?? '', tokenIds: [], finish: 'stop' }));
const byLoss = { score: 'loss', target: 'own', per: 'token', keep: 'high', temperature: 1, rescore: 'each' } as const;

function selectFrom(
  inFile: StrategyInFile,
  values: readonly number[],
  more: Partial<SelectInput> = {},
): SelectedSeed[] {
  return selectSeeds({
    task,
    strategy: resolveStrategy(inFile),
    seeds: seedsOf(values.length),
    measurements: { losses: lossesOf(values) },
    count: values.length,
    runSeed: 1,
    iteration: 1,
    asked: new Map(),
    ...more,
  });
}
const scoresOf = (inFile: StrategyInFile, seeds: readonly Seed[], some: Partial<Measurements>) =>
  scoreSeeds(resolveStrategy(inFile), task, { seeds, measurements: some });
const indexes = (picks: readonly SelectedSeed[]) => picks.map(({ seedId }) => Number(seedId.slice(5)));

const losses = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 60 });
const strategies = fc.constantFrom<StrategyInFile>(
  'random',
  'loss',
  'loss-low',
  'entropy',
  { ...byLoss, per: 'answer', select: 'sample' },
  'stratified',
);

describe('a selection', () => {
  test('takes every seed once before any comes again, and the best once more', () => {
    void fc.assert(
      fc.property(strategies, losses, fc.integer({ min: 1, max: 200 }), (strategy, values, count) => {
        const picks = selectFrom(strategy, values, { count });
        expect(picks.map(({ rank }) => rank)).toEqual(Array.from({ length: count }, (_, rank) => rank));
        const first = indexes(picks.slice(0, values.length));
        expect(new Set(first).size).toBe(first.length);
        for (const [rank, { seedId, askedBefore }] of picks.entries()) {
          expect(seedId).toBe(picks[rank % values.length]?.seedId);
          expect(askedBefore).toBe(Math.floor(rank / values.length));
        }
      }),
    );
  });

  test('begins a longer selection: replacements are the picks that follow', () => {
    void fc.assert(
      fc.property(strategies, losses, fc.nat(100), fc.nat(100), (strategy, values, count, more) => {
        const longer = selectFrom(strategy, values, { count: count + more });
        expect(longer.slice(0, count)).toEqual(selectFrom(strategy, values, { count }));
      }),
    );
  });

  test('does not depend on the order of the pool or of the measurements', () => {
    void fc.assert(
      fc.property(strategies, losses, (strategy, values) => {
        const reversed = {
          seeds: seedsOf(values.length).reverse(),
          measurements: { losses: lossesOf(values).reverse() },
        };
        expect(selectFrom(strategy, values, reversed)).toEqual(selectFrom(strategy, values));
      }),
    );
  });

  test('counts seeds with the same question as one that is asked again', () => {
    const seeds = seedsOf(3).map((seed) => ({ ...seed, question: '1+1=' }));
    const picks = selectFrom('loss', [1, 3, 2], { seeds, asked: new Map([['1+1=', 5]]) });
    expect(picks.map(({ seedId, askedBefore }) => [seedId, askedBefore])).toEqual([
      ['pool-00001', 5],
      ['pool-00002', 6],
      ['pool-00000', 7],
    ]);
  });

  test('counts on from how often a question was asked before', () => {
    const picks = selectFrom('loss', [3, 1], { count: 4, asked: new Map([[questionOf(0), 2]]) });
    expect(picks.map(({ seedId, askedBefore }) => [seedId, askedBefore])).toEqual([
      ['pool-00000', 2],
      ['pool-00001', 0],
      ['pool-00000', 3],
      ['pool-00001', 1],
    ]);
    expect(picks[2]?.reason).toBe('top, round 2 of a pool of 2');
  });

  test('of an empty pool is refused', () => {
    expect(() => selectFrom('loss', [], { count: 1 })).toThrow('the pool is empty');
  });
});

describe('the end that is kept', () => {
  test.each<[StrategyInFile, number[]]>([
    ['loss', [2, 0, 3, 1]],
    ['loss-low', [1, 3, 0, 2]],
    ['true-loss', [2, 0, 3, 1]],
  ])('%s', (strategy, expected) => {
    expect(indexes(selectFrom(strategy, [3, 1, 4, 2]))).toEqual(expected);
  });

  test('is any for random, whatever the losses', () => {
    const counts = new Array<number>(10).fill(0);
    for (let iteration = 0; iteration < 2000; iteration += 1) {
      for (const index of indexes(selectFrom('random', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { count: 3, iteration }))) {
        counts[index] = (counts[index] ?? 0) + 1;
      }
    }
    // 600 expected each, standard deviation 20.
    expect(counts.every((count) => Math.abs(count - 600) < 90)).toBe(true);
  });
});

describe('sample', () => {
  test('draws in proportion to the score, and never 0 before something', () => {
    let heavy = 0;
    for (let iteration = 0; iteration < 2000; iteration += 1) {
      const picks = selectFrom({ ...byLoss, select: 'sample' }, [0, 1, 3], { iteration });
      heavy += picks[0]?.seedId === 'pool-00002' ? 1 : 0;
      expect(picks[2]).toMatchObject({ seedId: 'pool-00000', reason: 'filled' });
    }
    // 1500 expected, standard deviation 19.
    expect(Math.abs(heavy - 1500)).toBeLessThan(90);
  });
});

describe('ties', () => {
  test('differ from iteration to iteration and from run to run, and never follow the order of the pool', () => {
    const values = new Array<number>(200).fill(1);
    const orders = [
      selectFrom('loss', values),
      selectFrom('loss', values, { iteration: 2 }),
      selectFrom('loss', values, { runSeed: 2 }),
    ].map(indexes);
    for (const [index, order] of orders.entries()) {
      for (const other of [seedsOf(200).map((_, place) => place), ...orders.slice(index + 1)]) {
        // Two unrelated orders of 200 agree in one place on average.
        expect(order.filter((value, place) => value === other[place]).length).toBeLessThan(8);
      }
    }
  });

  test('are the same in every process', () => {
    expect(indexes(selectFrom('random', new Array<number>(12).fill(1)))).toMatchInlineSnapshot(`
[
  7,
  11,
  4,
  0,
  1,
  3,
  8,
  5,
  2,
  6,
  9,
  10,
]
`);
    expect(indexes(selectFrom({ ...byLoss, select: 'sample' }, [1, 2, 3, 4, 5, 6]))).toMatchInlineSnapshot(`
[
  1,
  5,
  3,
  2,
  4,
  0,
]
`);
  });

  test('are what differs by less than six digits', () => {
    const scores = scoresOf('loss', seedsOf(2), { losses: lossesOf([0.123456111, 0.123456222]) });
    expect(scores.map(({ score }) => score)).toEqual([0.123456, 0.123456]);
  });
});

describe('scores', () => {
  test('are means per token, or sums per answer', () => {
    const loss = [{ id: 'pool-00000', nllSum: 6, tokens: 4, entropySum: 2 }];
    const scoreOf = (inFile: StrategyInFile) => scoresOf(inFile, seedsOf(1), { losses: loss })[0]?.score;
    expect(scoreOf('loss')).toBe(1.5);
    expect(scoreOf('entropy')).toBe(0.5);
    expect(scoreOf({ ...byLoss, per: 'answer' })).toBe(6);
  });

  test('are not invented: what has no number comes last, with its state', () => {
    const odd: AnswerLoss[] = [
      { id: 'pool-00001', nllSum: 0, tokens: 0, entropySum: 0 },
      { id: 'pool-00002', nllSum: Number.NaN, tokens: 2, entropySum: 0 },
      { id: 'pool-00003', nllSum: 0.2, tokens: 2, entropySum: 0 },
    ];
    const input = { seeds: seedsOf(4), measurements: { losses: odd } };
    expect(scoresOf('loss', input.seeds, { losses: odd }).map(({ state }) => state)).toEqual([
      'unmeasured',
      'unmeasured',
      'unmeasured',
      'scored',
    ]);
    const picks = selectFrom('loss-low', [0, 0, 0, 0], input);
    expect(picks[0]).toMatchObject({ seedId: 'pool-00003', score: 0.1, reason: 'top' });
    expect(picks.slice(1).every(({ score, reason }) => score === null && reason === 'unmeasured')).toBe(true);
  });

  test('of incorrect: wrong answers first, unreadable ones among them, right ones fill up', () => {
    const measurements = { predictions: answersOf(['4', '5', 'x', '']) };
    const scored = scoresOf('incorrect', seedsOf(5), measurements);
    expect(scored.map(({ score, state }) => [score, state])).toEqual([
      [0, 'scored'],
      [1, 'scored'],
      [1, 'unreadable'],
      [1, 'unreadable'],
      [null, 'unmeasured'],
    ]);
    const picks = selectFrom('incorrect', [0, 0, 0, 0, 0], { measurements });
    expect(picks.map(({ score }) => score)).toEqual([1, 1, 1, 0, null]);
  });

  test('of incorrect: what the engine finds right in another form is right, and what ran out of time is not measured', () => {
    const predictions = (answersOf(['5', '5', '5']) ?? []).map((prediction, index) => ({
      ...prediction,
      ...(index === 0 ? {} : { secondOpinion: index === 1 ? 'correct' : 'timeout' }),
    }));
    const scored = scoresOf('incorrect', seedsOf(3), { predictions });
    expect(scored.map(({ score }) => score)).toEqual([1, 0, null]);
  });
});

describe('what each scorer declares', () => {
  test.each<[StrategyInFile, string]>([
    ['random', 'nothing, keeps high, uniform, 0 calls'],
    ['loss', 'prediction loss, keeps high, top, 0 calls'],
    ['entropy', 'prediction loss, keeps high, top, 0 calls'],
    ['boundary', 'prediction loss, keeps high, top, 0 calls'],
    ['true-loss', 'loss reference, keeps high, top, 0 calls'],
    ['incorrect', 'prediction reference, keeps high, top, 0 calls'],
    ['reward', 'prediction reward, keeps low, top, 0 calls'],
    ['judge', 'prediction grades, keeps low, top, 1 calls'],
    ['lion', 'prediction grades reference, keeps high, balanced, 2 calls'],
    ['badge', 'prediction gradients, keeps high, kmeans++, 0 calls'],
    ['true-badge', 'gradients reference, keeps high, kmeans++, 0 calls'],
  ])('%s: %s', (inFile, expected) => {
    const strategy = resolveStrategy(inFile);
    const { prediction, measurement, reference } = measurementsOf(strategy);
    const needs = [prediction ? 'prediction' : '', measurement ?? '', reference ? 'reference' : ''];
    const { callsPerSeed } = scorers[strategy.score];
    const named = needs.filter((need) => need !== '').join(' ') || 'nothing';
    expect(`${named}, keeps ${strategy.keep}, ${strategy.select}, ${callsPerSeed} calls`).toBe(expected);
  });
});

describe('names and refusals', () => {
  const plain = { target: 'own', per: 'token', temperature: 1, rescore: 'each' } as const;
  test.each<[StrategyInFile, string, string[]]>([
    ['loss', 'loss', []],
    [byLoss, 'loss', []],
    [{ ...byLoss, target: 'reference' }, 'true-loss', []],
    [{ ...byLoss, score: 'random' }, 'random', []],
    [{ ...byLoss, per: 'answer', keep: 'low' }, 'loss-sum-low', []],
    [{ ...byLoss, select: 'sample' }, 'loss-sample', []],
    [{ ...byLoss, select: 'sample', temperature: 0.5 }, 'loss-sample-t0.5', []],
    [{ ...byLoss, select: 'sample', keep: 'low' }, 'loss-low-sample', []],
    [{ ...byLoss, rescore: 'once' }, 'loss-once', []],
    [{ ...byLoss, temperature: 2 }, 'loss-t2', ['temperature']],
    [{ ...byLoss, score: 'random', select: 'top' }, 'random-top', ['select']],
    [{ ...byLoss, select: 'uniform' }, 'loss-uniform', ['select']],
    [{ ...byLoss, score: 'incorrect', target: 'reference' }, 'incorrect-reference', ['target']],
    [{ ...plain, score: 'judge' }, 'judge', []],
    [{ ...plain, score: 'judge', keep: 'high' }, 'judge-high', []],
    [{ ...plain, score: 'reward', select: 'sample' }, 'reward-sample', []],
    [{ ...plain, score: 'lion', select: 'top' }, 'lion-top', []],
    [{ ...plain, score: 'badge', target: 'reference' }, 'true-badge', []],
    [{ ...plain, score: 'badge', select: 'top' }, 'badge-top', ['select']],
    [{ ...plain, score: 'badge', keep: 'low' }, 'badge-low', ['keep']],
    [{ ...byLoss, select: 'kmeans++' }, 'loss-kmeans++', ['select']],
  ])('%j is %s', (inFile, name, refused) => {
    const strategy = resolveStrategy(inFile);
    expect(strategy.name).toBe(name);
    expect(strategyProblems(strategy).map(({ key }) => key)).toEqual(refused);
  });
});

describe('a pool that is ranked once', () => {
  test('is divided among the iterations: together they are one larger selection', () => {
    void fc.assert(
      fc.property(strategies, losses, fc.nat(60), fc.nat(60), (strategy, values, first, second) => {
        const whole = selectFrom(strategy, values, { count: first + second, iteration: 0 });
        const asked = new Map<string, number>();
        for (const { seedId } of whole.slice(0, first)) {
          const question = questionOf(Number(seedId.slice(5)));
          asked.set(question, (asked.get(question) ?? 0) + 1);
        }
        const rest = selectFrom(strategy, values, { count: second, skip: first, iteration: 0, asked });
        expect(rest.map((pick) => ({ ...pick, rank: pick.rank + first }))).toEqual(whole.slice(first));
      }),
    );
  });
});

describe('the measured scorers', () => {
  const gradesOf = (marks: readonly (readonly [number | null, number | null])[]): Grade[] =>
    marks.map(([student, reference], index) => ({
      id: seedsOf(marks.length)[index]?.id as string,
      state: student === null ? 'ungraded' : 'graded',
      student,
      reference,
      requests: [],
    }));
  const selectBy = (
    inFile: StrategyInFile,
    size: number,
    some: Partial<Measurements>,
    more: Partial<SelectInput> = {},
  ) => selectFrom(inFile, new Array<number>(size).fill(0), { measurements: some, ...more });

  test('boundary takes what could go either way first, then what is nearly certain or nearly out of reach', () => {
    const probabilities = [0.99, 0.5, 0.001, 0.7, 0.2];
    const losses = probabilities.map((probability, index) => ({ id: seedsOf(5)[index]?.id as string, nllSum: -Math.log(probability), tokens: 3, entropySum: 0 })); // biome-ignore format: a record
    const picks = selectBy('boundary', 5, { losses });
    expect(indexes(picks)).toEqual([1, 3, 4, 0, 2]);
    expect(picks.map(({ score }) => score)).toEqual([0.25, 0.21, 0.16, 0.0099, 0.000999]);
  });

  test('boundary has no number for an answer without tokens, and 0 for one that is beyond every number', () => {
    const losses = [[0, 0], [5000, 40], [1, 2]].map(([nllSum = 0, tokens = 0], index) => ({ id: seedsOf(3)[index]?.id as string, nllSum, tokens, entropySum: 0 })); // biome-ignore format: a record
    expect(selectBy('boundary', 3, { losses }).map(({ seedId, score }) => [Number(seedId.slice(5)), score])).toEqual([
      [2, Number((Math.exp(-1) * (1 - Math.exp(-1))).toPrecision(6))],
      [1, 0],
      [0, null],
    ]);
  });

  test('reward keeps the low end, and what has no reward comes last', () => {
    const rewards = [3, -2, null, 0.5].map((reward, index) => ({ id: seedsOf(4)[index]?.id as string, reward }));
    expect(indexes(selectBy('reward', 4, { rewards }))).toEqual([1, 3, 0, 2]);
  });

  test('judge keeps the low grades; what could not be graded has no number and comes last', () => {
    const grades = gradesOf([[9, null], [2, null], [null, null], [5.5, null]]); // biome-ignore format: a table
    const picks = selectBy('judge', 4, { grades });
    expect(picks.map(({ score }) => score)).toEqual([2, 5.5, 9, null]);
    expect(picks[3]).toMatchObject({ reason: 'unmeasured' });
  });

  test('lion takes hard and easy seeds in turn, hard from a difference of 1 on, and fills the short side', () => {
    const grades = gradesOf([[9, 9], [9, 9.5], [9, 10], [3, 9], [10, 2], [7, 7.5], [null, 9]]); // biome-ignore format: a table
    const picks = selectBy('lion', 7, { grades });
    expect(picks.map(({ score }) => (score === null ? 'none' : score >= 1 ? 'hard' : 'easy'))).toEqual(
      ['hard', 'easy', 'hard', 'easy', 'easy', 'easy', 'none'], // biome-ignore format: a table
    );
    expect(picks.map(({ reason }) => reason)).toEqual([
      'hard side',
      'easy side',
      'hard side',
      'easy side',
      'easy side',
      'filled from the easy side',
      'unmeasured',
    ]);
  });

  test('badge follows the draws, and never reaches what was not drawn before what has no gradient', () => {
    const draws = [4, 1, 3].map((index, rank) => ({ rank, index, distance: 10 - rank }));
    const picks = selectBy('badge', 5, { draws }, { count: 3 });
    expect(picks.map(({ seedId, score, reason }) => [seedId.slice(-1), score, reason])).toEqual([
      ['4', 10, 'largest gradient'],
      ['1', 9, 'far from those before'],
      ['3', 8, 'far from those before'],
    ]);
  });

  test('without one number there is no selection', () => {
    expect(() => selectBy('judge', 2, { grades: gradesOf([[null, null], [null, null]]) })) // biome-ignore format: a table
      .toThrow('strategy judge found no score for any of the 2 seeds');
  });

  test.each<[StrategyInFile, number]>([
    [{ ...byLoss, select: 'sample' }, 0.75],
    [{ ...byLoss, select: 'sample', temperature: 0.5 }, 0.9],
    [{ ...byLoss, select: 'sample', temperature: 1000 }, 0.5],
    // The standard scores of 1 and 3 are -1 and 1.
    [{ ...byLoss, select: 'sample', keep: 'low' }, 1 / (1 + Math.exp(2))],
    [{ ...byLoss, select: 'sample', keep: 'low', temperature: 2 }, 1 / (1 + Math.exp(1))],
  ])('%j draws 3 before 1 with probability %f', (inFile, expected) => {
    let heavy = 0;
    for (let iteration = 0; iteration < 2000; iteration += 1) {
      heavy += indexes(selectFrom(inFile, [1, 3], { iteration }))[0] === 1 ? 1 : 0;
    }
    expect(Math.abs(heavy / 2000 - expected)).toBeLessThan(0.05);
  });
});
