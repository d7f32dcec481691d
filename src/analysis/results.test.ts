import { demoExperiment, demoRecord } from '../../test/support/run-records';
import type { Spend } from '../core/run-record';
import { findings, stateLine } from './phrases';
import { experimentResults, runResults } from './results';
import { experimentResultsSchema, type Metric, runResultsSchema } from './results-schema';

const experiment = experimentResults('demo', demoExperiment());
const comparison = (metric: Metric, results = experiment) =>
  results.comparisons.find((found) => found.metric === metric);

describe('the results of a run', () => {
  const results = runResults(demoRecord('loss', 1));

  test('have the documented keys', () => {
    expect(runResultsSchema.parse(results)).toEqual(results);
    expect(runResultsSchema.parse(JSON.parse(JSON.stringify(results)))).toEqual(results);
  });

  test('begin at the base student and count accepted rows', () => {
    expect(results.curve.map(({ iteration, rows }) => [iteration, rows])).toEqual([
      [0, 0],
      [1, 300],
      [2, 600],
      [3, 900],
      [4, 1200],
    ]);
  });

  test('give macro accuracy as the mean over strata and every accuracy its interval', () => {
    const end = results.curve[4];
    const strata = Object.values(end?.strata ?? {});
    expect(strata).toHaveLength(12);
    expect(end?.macro).toBeCloseTo(strata.reduce((sum, { accuracy }) => sum + (accuracy ?? 0), 0) / 12, 12);
    expect(end?.overall.interval.low).toBeLessThan(end?.overall.accuracy ?? 0);
    expect(end?.overall.interval.high).toBeGreaterThan(end?.overall.accuracy ?? 1);
  });

  test('differ only in `unknown` when calls were lost in a crash', () => {
    const record = demoRecord('loss', 1);
    const lost: Partial<Spend> = { unknownCalls: 3, unknownTokens: 900, unknownUsd: 0.000077 };
    const iterations = record.iterations.map((entry) => ({ ...entry, spend: { ...entry.spend, ...lost } }));
    const { unknown, ...killed } = runResults({ ...record, iterations });
    const { unknown: none, ...uninterrupted } = results;
    expect(killed).toEqual(uninterrupted);
    expect([unknown.calls, none.calls]).toEqual([3, 0]);
  });

  test('of a run that failed say why, and have the spend of the ledger, not that of its last iteration', () => {
    const record = { ...demoRecord('loss', 1, 0), state: 'running' as const, endedBecause: null };
    const bought = { run: record.run, answers: 2, inputTokens: 300, outputTokens: 40, nanoUsd: 1_500_000 };
    const purchases = (['question', 'answer'] as const).map((purpose) => ({ ...bought, purpose }));
    const sum = { answers: 4, inputTokens: 600, outputTokens: 80, nanoUsd: 3_000_000 };
    const prices = { prices: new Map(), purchases, answers: 4, distinct: sum };
    const failed = runResults(record, {}, { rows: [], prices, times: {}, failure: 'the endpoint is gone' });
    expect(failed.spend).toEqual({ samples: 0, inputTokens: 600, outputTokens: 80, usd: 0.003 });
    expect(stateLine(failed)).toBe('failed, iteration 0 of 4: the endpoint is gone');
    expect(runResultsSchema.parse(failed)).toEqual(failed);
  });

  test('of a run that has only evaluated its base are one point', () => {
    const young = runResults(demoRecord('loss', 1, 0));
    expect(young.curve).toHaveLength(1);
    expect(young.spend.samples).toBe(0);
  });
});

describe('the results of an experiment', () => {
  test('have the documented keys', () => expect(experimentResultsSchema.parse(experiment)).toEqual(experiment));

  test('group runs into arms by every label but the seed', () =>
    expect(experiment.arms.map(({ arm, runs }) => [arm, runs.length])).toEqual([
      ['random', 3],
      ['loss', 3],
    ]));

  test("tell how many rows an arm needed for random's final accuracy", () => {
    const macro = comparison('macro');
    expect(macro?.target).toBeCloseTo(0.634, 3);
    // Between 300 rows (.551) and 600 (.649): 300 + 300 * (.634 - .551) / .098 = 554.
    expect(macro?.rowsToReach.reached && macro.rowsToReach.rows).toBeCloseTo(554, -1);
    expect(macro?.timesFewer).toBeCloseTo(1200 / 554, 1);
    expect(macro?.timesFewerInterval?.low).toBeLessThan(macro?.timesFewer ?? 0);
    expect(macro?.timesFewerInterval?.high).toBeGreaterThan(macro?.timesFewer ?? 0);
  });

  test('pair arms by random seed', () => {
    const macro = comparison('macro');
    expect(macro?.seeds).toEqual([1, 2, 3]);
    expect(macro?.difference?.mean).toBeCloseTo(0.153, 2);
    expect(macro?.conclusion).toBe('above');
  });

  test('do not depend on the order in which runs are listed within an arm', () => {
    const backwards = experimentResults('demo', [
      ...demoExperiment().slice(0, 3).reverse(),
      ...demoExperiment().slice(3),
    ]);
    expect(backwards.arms).toEqual(experiment.arms);
    expect(backwards.comparisons).toEqual(experiment.comparisons);
  });

  test('say "not reached" where an arm stays below, and "below" only beyond the interval', () => {
    const swapped = demoExperiment().map((run) => ({
      ...run,
      labels: { ...run.labels, strategy: run.labels.strategy === 'loss' ? 'random' : 'worse' },
    }));
    const macro = comparison('macro', experimentResults('demo', swapped));
    expect(macro).toMatchObject({ rowsToReach: { reached: false }, conclusion: 'below' });
    expect(macro?.timesFewer).toBeCloseTo(554 / 1200, 1);
    expect(macro?.timesFewerInterval?.high).toBeLessThan(1);
    // The mirror image of the comparison above: the baseline needs 554 of 1,200 rows.
  });

  test('find an arm not distinguishable from itself', () => {
    const copies = demoExperiment()
      .slice(0, 3)
      .flatMap((run) => [run, { ...run, run: `copy-${run.run}`, labels: { ...run.labels, strategy: 'copy' } }])
      .map((run) => ({ ...run, record: run.record && { ...run.record, run: run.run } }));
    expect(comparison('macro', experimentResults('demo', copies))?.conclusion).toBe('not distinguishable');
  });

  test('compare two arms question by question, over all pairs, by an exact test', () => {
    const rows = demoExperiment().map(({ labels, record }) => ({
      run: record?.run ?? '',
      strata: new Map(),
      lines: [],
      diagnoses: null,
      poolAnswers: [],
      // Of ten questions a seed, loss alone answers three right, random alone one.
      verdicts: Array.from({ length: 5 }, () =>
        Float64Array.from(labels.strategy === 'loss' ? [1, 1, 1, 0, 1, 1, 0, 0, 0, 0] : [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]),
      ),
    }));
    const compared = experimentResults('demo', demoExperiment(), { rows, prices: null, times: {} });
    const { questions } = comparison('overall', compared) ?? {};
    expect(questions).toMatchObject({ total: 30, onlyArm: 9, onlyBaseline: 3 });
    // 2 (C(12,0) + C(12,1) + C(12,2) + C(12,3)) / 2^12
    expect(questions?.p).toBeCloseTo((2 * (1 + 12 + 66 + 220)) / 4096, 9);
    expect(comparison('macro', compared)?.questions).toBeNull();
    expect(comparison('overall')?.questions).toBeNull();
  });

  test('make no claim from one seed', () => {
    const single = demoExperiment().filter(({ labels }) => labels.seed === 1);
    expect(comparison('macro', experimentResults('demo', single))?.conclusion).toBe('one seed');
  });

  test('compare arms still going where all their pairs have got', () => {
    const runs = demoExperiment().map((run) =>
      run.run === 'loss-2' ? { ...run, record: demoRecord('loss', 2, 2) } : run,
    );
    const going = experimentResults('demo', runs);
    expect(comparison('macro', going)).toMatchObject({ iteration: 2, baselineRows: 600 });
    expect(going.arms.find(({ arm }) => arm === 'loss')?.curve).toHaveLength(3);
  });

  test('compare arms with unequal rows where both have got, between two iterations', () => {
    // A cap in tokens leaves one run 17 rows short in its second iteration.
    const runs = demoExperiment().map(
      (run) =>
      run.record === null || run.run !== 'loss-2'
        ? run
        : { ...run, record: { ...run.record, iterations: run.record.iterations.slice(0, 2).map((one, index) => ({ ...one, accepted: index === 1 ? 283 : 300 })) } }, // biome-ignore format: one change
    );
    const macro = comparison('macro', experimentResults('demo', runs));
    expect(macro).toMatchObject({ iteration: null, baselineRows: 583, equalRows: false, conclusion: 'above' });
    expect(macro?.difference?.mean).toBeGreaterThan(0.05);
    expect(macro?.questions).toBeNull();
  });

  test('say so where a run has bought nothing yet, and find no difference at 0 rows', () => {
    const runs = demoExperiment().map((run) =>
      run.run === 'random-3' ? { ...run, record: demoRecord('random', 3, 0) } : run,
    );
    const macro = comparison('macro', experimentResults('demo', runs));
    expect(macro).toMatchObject({ conclusion: 'nothing in common', difference: null, timesFewer: null, pHolm: null });
    expect(findings(macro as NonNullable<typeof macro>, false)).toEqual([
      'loss and random cannot be compared yet: one of their runs has bought nothing',
    ]);
  });

  test('compare at equal teacher tokens and equal USD too', () => {
    const dear = demoExperiment().map(
      (run) =>
      run.record === null || run.labels.strategy !== 'loss'
        ? run
        : { ...run, record: { ...run.record, iterations: run.record.iterations.map((one) => ({ ...one, spend: { ...one.spend, usd: 2 * one.spend.usd } })) } }, // biome-ignore format: one change
    );
    const macro = comparison('macro', experimentResults('demo', dear));
    const [tokens, usd] = macro?.otherCosts ?? [];
    expect(tokens).toMatchObject({
      axis: 'tokens',
      conclusion: 'above',
      difference: { mean: macro?.difference?.mean },
    });
    // At half of its rows loss has .649, random with all of them .634.
    expect(usd?.difference?.mean).toBeCloseTo(0.649 - 0.634, 2);
  });

  test('take a set generated at once for the baseline where no arm is called random', () => {
    const runs = demoExperiment().map((run) =>
      run.labels.strategy === 'random' ? { ...run, labels: { ...run.labels, strategy: 'static' } } : run,
    );
    expect(comparison('macro', experimentResults('demo', runs))).toMatchObject({ arm: 'loss', baseline: 'static' });
  });

  test('adjust the p-values of all arms together', () => {
    const copies = demoExperiment().flatMap(
      (run) =>
      run.labels.strategy === 'random'
        ? [run]
        : [run, { ...run, labels: { ...run.labels, strategy: 'twin' }, record: run.record && { ...run.record, run: `twin-${run.run}` } }], // biome-ignore format: one change
    );
    const { comparisons } = experimentResults('demo', copies);
    const macro = comparisons.filter(({ metric }) => metric === 'macro');
    expect(macro.map(({ pHolm }) => pHolm)).toEqual(macro.map(({ difference }) => 2 * (difference?.p ?? 0)));
  });

  test('name the runs that have not started', () => {
    const runs = demoExperiment().map((run) => (run.labels.strategy === 'loss' ? { ...run, record: null } : run));
    const waiting = experimentResults('demo', runs);
    expect(waiting.notStarted).toEqual(['loss-1', 'loss-2', 'loss-3']);
    expect(waiting.comparisons).toEqual([]);
  });

  test('find the random arm of the same setting when more than the strategy varies', () => {
    const runs = ['small', 'large'].flatMap((student) =>
      demoExperiment().map((run) => ({
        ...run,
        labels: { student, ...run.labels },
        record: run.record && { ...run.record, run: `${student}-${run.run}` },
      })),
    );
    const pairs = experimentResults('demo', runs).comparisons.map(({ arm, baseline }) => [arm, baseline]);
    expect(pairs).toContainEqual(['loss student=large', 'random student=large']);
    expect(pairs).toHaveLength(4);
  });
});
