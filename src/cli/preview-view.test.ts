import type { PreviewedEvent, ProjectedEvent } from './json-events';
import { previewedRowLines, progressReporter, projectionLines } from './preview-view';

const row: PreviewedEvent = {
  ...{ event: 'previewed', run: 'demo', question: 'How many?', answer: 'It is so.\n#### 4' },
  seed: { id: 'pool-1', question: 'How much?', answer: '#### 3', stratum: 'all' },
  ...{ isAccepted: true, rejected: null, reply: null, calls: 2, inputTokens: 1200, outputTokens: 90, usd: 0.000234 },
};

const event: ProjectedEvent = {
  ...{ event: 'projected', name: 'demo', runs: 1, rows: 1000, previewed: 5, accepted: 4 },
  ...{
    paidUsd: 0.00117,
    paidUsdMax: 0.005,
    unknownCalls: 0,
    unknownUsdMax: 0,
    capUsd: 1,
    gradesNotIncluded: false,
    gradingTokensMax: null,
    gradingUsdMax: null,
  },
  billing: null,
  asked: { estimate: 1250, low: 1039, high: 2000 },
  tokens: { estimate: 1_612_500, low: 1_300_000, high: 2_600_000 },
  usd: { estimate: 0.2925, low: 0.24, high: 0.48 },
};

describe('a previewed row', () => {
  it('is its seed, what the teacher wrote, and the price', () => {
    expect(previewedRowLines(row, '1 of 5')).toEqual([
      'row 1 of 5   accepted',
      '  seed      How much?',
      '  question  How many?',
      '  answer    It is so.',
      '            #### 4',
      '  cost      $0.000234, 1,200 + 90 tokens',
    ]);
  });

  it('says why it would be rejected, and shows no more than there is', () => {
    const rejected = { stage: 'question', reason: 'cut off at teacher.max_tokens' };
    const cut = { question: null, answer: null, reply: 'Let me think', rejected, usd: null };
    const lines = previewedRowLines({ ...row, ...cut }, '2 of 5');
    expect(lines).toEqual([
      'row 2 of 5   rejected, question: cut off at teacher.max_tokens',
      '  seed      How much?',
      '  reply     Let me think',
      '  cost      1,200 + 90 tokens',
    ]);
  });

  it('cannot steer the terminal, and a long answer is cut', () => {
    const answer = `\u001b[2J\u001b]0;title\u0007over\r\u0008\nline\n`.concat('more\n'.repeat(40));
    const lines = previewedRowLines({ ...row, answer }, '1 of 1');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    expect(lines).toContain('            (31 more lines)');
  });
});

describe('the projection', () => {
  it('gives each figure its range, and the caps', () => {
    expect(projectionLines(event)).toEqual([
      'verdicts  4 of 5 rows would be accepted',
      'paid      $0.0012 (never more than $0.0050, even if every reply is lost twice)',
      'wanted    demo: 1 run, at most 1,000 rows in all',
      'asked     about 1,250 (1,039 to 2,000) rows, including replacements for rejected ones',
      'tokens    about 1,612,500 (1,300,000 to 2,600,000)',
      'cost      about $0.29 ($0.24 to $0.48); the cap is $1.00',
    ]);
  });

  it.each<[string, Partial<ProjectedEvent>, string]>([
    ['a cap that may be reached', { capUsd: 0.4 }, '; the cap of $0.40 may be reached'],
    ['a cap that will be reached', { capUsd: 0.1 }, '; the cap of $0.10 would stop it at about 34 % of the rows'],
    ['no cap', { capUsd: null }, '; no cap in USD is set'],
    ['no price', { usd: null, paidUsd: null, paidUsdMax: null }, 'unknown: teacher.price is not set'],
    ['answers the workspace already owned', { paidUsd: 0 }, 'paid      nothing now (never more'],
    ['several runs', { runs: 6 }, 'an upper bound: runs with the same random seed share answers'],
    [
      'a lost reply',
      { unknownCalls: 1, unknownUsdMax: 0.002 },
      '1 call, whose reply was lost; the endpoint may bill it, at most $0.0020',
    ],
    [
      'lost replies',
      { unknownCalls: 2, unknownUsdMax: null },
      '2 calls, whose replies were lost; the endpoint may bill them',
    ],
    [
      'calls that the endpoint billed above their worst case',
      {
        ...{ paidUsd: 0.2, paidUsdMax: 0.0255 },
        billing: {
          ...{ aboveWorstCalls: 10, aboveWorstTokens: 98_000, aboveWorstUsd: 0.19, absurdCalls: 0, estimatedCalls: 0 },
        },
      },
      'paid      $0.20, more than these rows should cost at most\nbilling   10 calls billed above the worst case, by 98,000 tokens and $0.19 in all',
    ],
    ['grades bought too', { gradesNotIncluded: true }, "excluding the judge's grades"],
  ])('reports %s', (_, change, says) => {
    expect(projectionLines({ ...event, ...change }).join('\n')).toContain(says);
  });
});

test('while it waits, each new reason is said at once, and the count every ten seconds', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const report = progressReporter(
    (line) => lines.push(line),
    () => nowMs,
  );
  report({ done: 0, total: 5, waiting: null });
  report({ done: 0, total: 5, waiting: 'too fast; trying again in 1.0 s' });
  nowMs = 2000;
  report({ done: 1, total: 5, waiting: 'too fast; trying again in 2.0 s' });
  nowMs = 11_000;
  report({ done: 2, total: 5, waiting: null });
  report({ done: 2, total: 5, waiting: 'no reply within 3 s; trying again in 0.5 s' });
  expect(lines).toEqual([
    '0 of 5 rows; waiting: too fast; trying again in 1.0 s\n',
    '2 of 5 rows\n',
    '2 of 5 rows; waiting: no reply within 3 s; trying again in 0.5 s\n',
  ]);
});
