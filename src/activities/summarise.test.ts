import type { EvaluatedAnswer } from '../core/records';
import { summarise } from './summarise';

const answer = (verdict: EvaluatedAnswer['verdict'], isTruncated: boolean, stratum = 'a') => ({
  ...{ set: 'test', id: 'q', stratum, text: 't', readAs: null, answered: true, wellFormed: true },
  ...(verdict === undefined ? {} : { verdict }),
  correct: verdict === 'correct',
  isTruncated,
});

test('an answer that was cut is counted apart, whatever its verdict, overall and in each stratum', () => {
  const { overall, strata } = summarise([
    answer('correct', false),
    answer('correct', true),
    answer('wrong', false, 'b'),
    answer('wrong', true, 'b'),
    answer('unreadable', true, 'b'),
  ]);
  expect(overall).toMatchObject({ total: 5, correct: 2, unreadable: 1, truncated: 3 });
  expect(strata.a).toMatchObject({ total: 2, truncated: 1 });
  expect(strata.b).toMatchObject({ total: 3, truncated: 2 });
});
