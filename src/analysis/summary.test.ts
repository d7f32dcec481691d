import { demoExperiment, demoRecord } from '../../test/support/run-records';
import { renderReport } from './report/report';
import { experimentResults, runResults } from './results';
import { summaryLines } from './summary';

const options = { reportPath: '.tutelage/runs/demo/report.html', next: 'tutelage report demo' };

/** The lines as one text, however they were broken. */
const textOf = (lines: readonly string[]) => lines.join(' ').replace(/\s+/g, ' ');

test('a run that failed is told with its reason, and the others count', () => {
  const runs = demoExperiment().map((run, index) => (index === 5 ? { ...run, record: null } : run));
  const failed = [{ run: 'loss-3', reason: 'the disk is full' }];
  const results = experimentResults('demo', runs, { rows: [], prices: null, times: {}, failed });
  const text = textOf(summaryLines(results, options));
  expect(text).toContain('failed loss-3: the disk is full');
  expect(text).toContain('6 runs: 5 complete, 1 failed');
});

describe('the summary of an experiment', () => {
  const lines = summaryLines(experimentResults('demo', demoExperiment()), options);

  test('shows curves with their spread, the table, the findings, the bill and the next command', () =>
    expect(lines.join('\n')).toMatchInlineSnapshot(`
"demo  complete, 6 runs

Macro accuracy   ○ random   ● loss
  0.85 ┤
       │                                                            ··· ●
       │                                                 ●··········    │
       │                                      ·········· │
  0.65 ┤                              ··· ●···                     ····○
       │                     ·········        ··········○··········    │
       │              ··· ●··  ··········○····
       │       ··········○·····
       │  ○●······
  0.40 ┤
       └──┴──────────────┴───────────────┴──────────────┴──────────────┴──
          0             300             600            900           1,200
        rows bought; mean over 3 seeds, bars: lowest to highest seed

Overall accuracy   ○ random   ● loss
  0.95 ┤
       │                                                        ······· ●
       │                                           ····· ●······
       │                                  ●········   ··○··············○
  0.84 ┤                         ········│············
       │                  │··············○
       │            ·····○●·····
       │       ········
       │  ○●····
  0.70 ┤  ││
       └──┴──────────────┴───────────────┴──────────────┴──────────────┴──
          0             300             600            900           1,200
        rows bought; mean over 3 seeds, bars: lowest to highest seed

arm       seeds  rows   macro accuracy        overall accuracy
○ random  3      1,200  0.634 [0.606, 0.661]  0.870 [0.855, 0.885]
● loss    3      1,200  0.787 [0.737, 0.838]  0.921 [0.902, 0.939]
brackets: 95 % interval of the mean over seeds

loss is above random in macro accuracy at 1,200 rows: +0.153 [+0.099, +0.208], p
  0.007
loss reached random's final macro accuracy with 554 of 1,200 rows (x2.2 [1.8,
  2.5])
loss is above random in overall accuracy at 1,200 rows: +0.051 [+0.031, +0.070],
  p 0.008
loss reached random's final overall accuracy with 703 of 1,200 rows (x1.7 [1.5,
  1.9])

bought  7,200 rows, 748,800 teacher tokens in, 226,800 out
budget  1,200 rows a run
report  .tutelage/runs/demo/report.html
next    tutelage report demo"
`));

  test('fits 80 columns and needs no colour', () => {
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the claim is about control characters
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f]/);
  });
});

test('the summary of an experiment still going says how far it is and claims nothing from one seed', () => {
  const runs = demoExperiment().map((run) => {
    const iterations = { 'random-1': 4, 'loss-1': 2 }[run.run];
    const strategy = run.labels.strategy as 'random' | 'loss';
    return { ...run, record: iterations === undefined ? null : demoRecord(strategy, 1, iterations) };
  });
  const lines = summaryLines(experimentResults('demo', runs), options);
  expect(lines[0]).toBe('demo  6 runs: 1 complete, 1 running, 4 not started');
  expect(textOf(lines)).toContain('one seed, so no claim');
});

test('the summary of one run shows its curve with intervals over the questions', () => {
  const lines = summaryLines(runResults(demoRecord('loss', 1)), options);
  expect(lines.join('\n')).toMatchInlineSnapshot(`
"demo/loss-1  complete, iteration 4 of 4 (all iterations done)

Macro accuracy   ● loss
  0.80 ┤                                                            ···●
       │                                                  ··········
       │                                         ·······●·
       │                                 ●·······
  0.62 ┤                          ·······
       │                   ·······
       │             ····●·
       │        ·····
       │  ●·····
  0.40 ┤
       └──┴──────────────┴───────────────┴──────────────┴──────────────┴──
          0             300             600            900           1,200
        rows bought; mean over the strata

Overall accuracy   ● loss
  0.95 ┤                                                               │
       │                                                │   ···········●
       │                                 │    ··········●···           │
       │                            ·····●····
  0.82 ┤                 │  ········     │
       │             ····●··
       │  │    ······    │
       │  ●····
       │  │
  0.65 ┤
       └──┴──────────────┴───────────────┴──────────────┴──────────────┴──
          0             300             600            900           1,200
        rows bought; bars: 95 % intervals

iteration  rows   macro accuracy  overall accuracy
0          0      0.428           0.712 [0.674, 0.746]
1          300    0.543           0.792 [0.757, 0.822]
2          600    0.645           0.853 [0.823, 0.879]
3          900    0.728           0.895 [0.868, 0.917]
4          1,200  0.792           0.920 [0.896, 0.939]
brackets: 95 % interval over the questions (Wilson)

bought  1,200 rows, 124,800 teacher tokens in, 37,800 out
budget  1,200 rows
report  .tutelage/runs/demo/report.html
next    tutelage report demo"
`);
});

test('an arm that cannot be told from random is called that', () => {
  const runs = demoExperiment()
    .slice(0, 3)
    .flatMap((run) => [
      run,
      {
        ...run,
        run: `copy-${run.run}`,
        labels: { ...run.labels, strategy: 'copy' },
        record: run.record && { ...run.record, run: `copy-${run.run}` },
      },
    ]);
  const text = textOf(summaryLines(experimentResults('demo', runs), options));
  expect(text).toContain('copy is not distinguishable from random in macro accuracy');
  expect(text).not.toContain('copy reached');
});

test('calls with unknown outcome are part of the bill', () => {
  const record = demoRecord('loss', 1);
  const iterations = record.iterations.map((entry) => ({
    ...entry,
    spend: { ...entry.spend, unknownCalls: 3, unknownTokens: 900, unknownUsd: 0.00077 },
  }));
  const lines = summaryLines(runResults({ ...record, iterations }), options);
  expect(textOf(lines)).toContain('3 calls with unknown outcome, at most 900 tokens and $0.000770 reserved for them');
});

test('several sampled answers are told of with their intervals, at the base and at the end', () => {
  const record = demoRecord('loss', 1);
  const share = (value: number) => ({ share: value, low: value - 0.05, high: value + 0.05 });
  const sampled = (mean: number) => ({
    table: record.baseEvaluation.answers,
    ...{ answers: 4, questions: 600, mean: share(mean), majority: share(mean + 0.1) },
    passAt: { '1': share(mean), '2': share(mean + 0.1), '4': share(mean + 0.2) },
  });
  const results = runResults({
    ...record,
    baseEvaluation: { ...record.baseEvaluation, sampled: sampled(0.3) },
    iterations: record.iterations.map((one) => ({ ...one, evaluation: { ...one.evaluation, sampled: sampled(0.5) } })),
  });
  const text = textOf(summaryLines(results, options));
  expect(text).toContain('sampled 4 answers, iteration 0: mean 0.300 [0.250, 0.350], pass@4 0.500 [0.450, 0.550]');
  expect(text).toContain('iteration 4: mean 0.500 [0.450, 0.550], pass@4 0.700 [0.650, 0.750], majority 0.600');
  expect(renderReport(results)).toContain('Sampled answers');
});
