import type { EvaluatedAnswer } from '../core/records';
import type { EvaluationSummary, Tally } from '../core/run-record';
import { meanScore } from '../core/statistics/mean-score';

/** Whether it was cut at `max_new_tokens` is counted: a gain may be no more than answers that became shorter. */
export interface CountedAnswer extends EvaluatedAnswer {
  readonly isTruncated: boolean;
}

/** Overall over the set that is drawn like the pool; strata over the balanced set where the task has one. */
export function summarise(answers: readonly CountedAnswer[]): Omit<EvaluationSummary, 'answers'> {
  const test = answers.filter((answer) => answer.set === 'test');
  const balanced = answers.filter((answer) => answer.set === 'balanced');
  const byStratum: Record<string, CountedAnswer[]> = {};
  for (const answer of balanced.length > 0 ? balanced : test) {
    byStratum[answer.stratum] ??= [];
    byStratum[answer.stratum]?.push(answer);
  }
  const strata: Record<string, Tally> = {};
  for (const stratum of Object.keys(byStratum).sort()) {
    strata[stratum] = tally(byStratum[stratum] ?? []);
  }
  return { overall: tally(test), strata };
}

/** Proofs are counted beside the verdict: where chance is one in two, a right label alone says little. */
function tally(answers: readonly CountedAnswer[]): Tally {
  const count = (holds: (answer: CountedAnswer) => boolean) => answers.filter(holds).length;
  return {
    correct: count((answer) => answer.correct),
    wellFormed: count((answer) => answer.wellFormed),
    answered: count((answer) => answer.answered),
    total: answers.length,
    truncated: count(({ isTruncated }) => isTruncated),
    unreadable: count(({ verdict }) => verdict === 'unreadable'),
    unmeasured: count(({ verdict }) => verdict === 'unmeasured'),
    ...scoresOf(answers),
    ...(answers.some(({ proof }) => proof !== undefined) ? { proof: count(({ proof }) => proof === 'valid') } : {}),
  };
}

/** Nothing for a check that knows right and wrong alone. */
function scoresOf(answers: readonly CountedAnswer[]): Pick<Tally, 'scoreSum' | 'scoreInterval'> {
  if (!answers.some(({ score }) => score !== undefined)) {
    return {};
  }
  // An answer that cannot be read scores 0, as it counts as not right in an accuracy.
  const scores = answers.filter(({ verdict }) => verdict !== 'unmeasured').map(({ score = 0 }) => score);
  const { low, high } = meanScore(scores);
  return { scoreSum: scores.reduce((sum, score) => sum + score, 0), scoreInterval: { low, high } };
}
