import type { PreviewedEvent, ProjectedEvent } from './json-events';
import { projectionLines, rowLines } from './preview-view';

const row: PreviewedEvent = {
  ...{ event: 'previewed', run: 'demo', question: 'How many?', answer: 'It is so.\n#### 4' },
  seed: { id: 'pool-1', question: 'How much?', answer: '#### 3', stratum: 'all' },
  ...{ isAccepted: true, rejected: null, calls: 2, inputTokens: 1200, outputTokens: 90, usd: 0.000234 },
};

const event: ProjectedEvent = {
  ...{ event: 'projected', name: 'demo', runs: 1, rows: 1000, previewed: 5, accepted: 4 },
  ...{ paidUsd: 0.00117, paidUsdMax: 0.005, capUsd: 1, gradesNotIncluded: false },
  asked: { estimate: 1250, low: 1039, high: 2000 },
  tokens: { estimate: 1_612_500, low: 1_300_000, high: 2_600_000 },
  usd: { estimate: 0.2925, low: 0.24, high: 0.48 },
};

describe('a previewed row', () => {
  it('is its seed, what the teacher wrote, and the price', () => {
    expect(rowLines(row, '1 of 5')).toEqual([
      'row 1 of 5   accepted',
      '  seed      How much?',
      '  question  How many?',
      '  answer    It is so.',
      '            #### 4',
      '  cost      USD 0.000234, 1,200 + 90 tokens',
    ]);
  });

  it('says why it would be rejected, and shows no more than there is', () => {
    const rejected = { stage: 'question', reason: 'cut off at teacher.max_tokens' };
    const lines = rowLines({ ...row, question: null, answer: null, rejected, usd: null }, '2 of 5');
    expect(lines).toEqual([
      'row 2 of 5   rejected, question: cut off at teacher.max_tokens',
      '  seed      How much?',
      '  cost      1,200 + 90 tokens',
    ]);
  });

  it('cannot steer the terminal, and a long answer is cut', () => {
    const answer = `\u001b[2J\u001b]0;title\u0007over\r\u0008\nline\n`.concat('more\n'.repeat(40));
    const lines = rowLines({ ...row, answer }, '1 of 1');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(lines).toContain('            (31 more lines)');
  });
});

describe('the projection', () => {
  it('gives each figure its range, and the caps', () => {
    expect(projectionLines(event)).toEqual([
      'verdicts  4 of 5 rows would be accepted',
      'paid      USD 0.001170 (never more than USD 0.005000)',
      'wanted    demo: one run of 1,000 rows in all',
      'asked     about 1,250 (1,039 to 2,000) rows, with those that replace rejected ones',
      'tokens    about 1,612,500 (1,300,000 to 2,600,000)',
      'cost      about USD 0.29 (USD 0.24 to USD 0.48); the cap is USD 1.00',
    ]);
  });

  it.each<[string, Partial<ProjectedEvent>, string]>([
    ['a cap that may bind', { capUsd: 0.4 }, '; the cap is USD 0.40, so it may bind'],
    ['a cap that will', { capUsd: 0.1 }, '; the cap of USD 0.10 would end it at about 34 % of the rows'],
    ['no cap', { capUsd: null }, '; there is no cap in USD'],
    ['no price', { usd: null, paidUsd: null, paidUsdMax: null }, 'not known: there is no teacher.price'],
    ['answers that were here', { paidUsd: 0 }, 'paid      nothing now (never more'],
    ['several runs', { runs: 6 }, 'at most: runs of one random seed share the answers'],
    ['grades beside', { gradesNotIncluded: true }, "without the judge's grades"],
  ])('tells of %s', (_, change, says) => {
    expect(projectionLines({ ...event, ...change }).join('\n')).toContain(says);
  });
});
