import { demoRecord } from '../../test/support/run-records';
import type { Billing } from '../core/run-record';
import { billingLine } from './phrases';
import { spendTable } from './report/tables';
import { experimentResults, runResults } from './results';
import { summaryLines } from './summary';

const usual: Billing = {
  ...{ aboveWorstCalls: 0, aboveWorstTokens: 0, aboveWorstUsd: 0 },
  ...{ absurdCalls: 0, estimatedCalls: 0 },
};

/** A run whose last iteration, which counts all before it, was billed so. */
function recordWith(seed: number, billing: Partial<Billing> | null) {
  const record = demoRecord('loss', seed, 2);
  const iterations = record.iterations.map((iteration, index) =>
    billing === null || index !== record.iterations.length - 1
      ? iteration
      : { ...iteration, spend: { ...iteration.spend, billing: { ...usual, ...billing } } },
  );
  return { ...record, iterations };
}

const colours = new Map<string, string>();
const options = { reportPath: 'report.html', next: 'tutelage report demo' };
const summaryOf = (results: Parameters<typeof summaryLines>[0]) =>
  summaryLines(results, options).join(' ').replace(/\s+/g, ' ');

describe('what was unusual about the bill is told', () => {
  test.each<[string, Partial<Billing>, string | null]>([
    [
      'one call above the worst case',
      { aboveWorstCalls: 1, aboveWorstTokens: 1, aboveWorstUsd: 0.0021 },
      '1 call billed above the worst case, by 1 token and $0.0021 in all',
    ],
    [
      'calls without a price',
      { aboveWorstCalls: 2, aboveWorstTokens: 9000 },
      '2 calls billed above the worst case, by 9,000 tokens in all',
    ],
    ['absurd counts', { absurdCalls: 3 }, '3 calls with a usage that cannot be true, booked at the worst case'],
    [
      'all of it',
      { aboveWorstCalls: 1, aboveWorstTokens: 5, absurdCalls: 1, estimatedCalls: 1200 },
      '1 call billed above the worst case, by 5 tokens in all; ' +
        '1 call with a usage that cannot be true, booked at the worst case; ' +
        '1,200 calls without a usable token count, estimated from the texts',
    ],
    ['nothing', {}, null],
  ])('%s', (_, billing, line) => {
    expect(billingLine({ billing: { ...usual, ...billing } })).toBe(line);
  });

  test('in the summary and in the report of a run', () => {
    const results = runResults(recordWith(1, { estimatedCalls: 7 }));
    const line = '7 calls without a usable token count, estimated from the texts';
    expect(summaryOf(results)).toContain(` billing ${line} `);
    expect(spendTable(results, colours).markup).toContain(`Billing: ${line}.`);
  });

  test('in those of an experiment, over its runs', () => {
    const runs = [
      recordWith(1, { aboveWorstCalls: 1, aboveWorstTokens: 100, aboveWorstUsd: 0.1 }),
      recordWith(2, null),
      recordWith(3, { aboveWorstCalls: 2, aboveWorstTokens: 50, aboveWorstUsd: 0.2, absurdCalls: 2 }),
    ].map((record, index) => ({ run: `loss-${index + 1}`, labels: { strategy: 'loss', seed: index + 1 }, record }));
    const results = experimentResults('demo', runs);
    const line =
      '3 calls billed above the worst case, by 150 tokens and $0.30 in all; 2 calls with a usage that cannot be true, booked at the worst case';
    expect(summaryOf(results)).toContain(` billing ${line} `);
    expect(spendTable(results, colours).markup).toContain(`Billing: ${line}.`);
  });

  test('and where nothing was, neither has a line about it', () => {
    const results = runResults(recordWith(1, null));
    expect(summaryOf(results)).not.toContain('billing');
    expect(spendTable(results, colours).markup).not.toContain('Billing');
  });
});
