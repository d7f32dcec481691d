import { usdOf } from '../../core/budget/price';
import { canonicalJson } from '../../core/canonical-json';
import type { PriceList } from '../../store/ledger/prices';
import type { Analyses } from '../analyses-schema';
import type { Arm, ExperimentRun } from '../results-schema';

const purposes = ['question', 'answer', 'agreement', 'judge', 'lion', 'verdict'] as const;

/** What each arm was charged, by what the calls were for. */
export function purchases(arms: readonly Arm[], prices: PriceList | null): Analyses['purchases'] {
  return arms.flatMap(({ arm, runs }) =>
    purposes.flatMap((purpose) => {
      const own = (prices?.purchases ?? []).filter((one) => runs.includes(one.run) && one.purpose === purpose);
      const sum = (pick: (one: (typeof own)[number]) => number) => own.reduce((total, one) => total + pick(one), 0);
      return own.length === 0
        ? []
        : [
            {
              arm,
              purpose,
              answers: sum(({ answers }) => answers),
              inputTokens: sum(({ inputTokens }) => inputTokens),
              outputTokens: sum(({ outputTokens }) => outputTokens),
              usd: usdOf(sum(({ nanoUsd }) => nanoUsd)),
            },
          ];
    }),
  );
}

/** What the runs share: equal requests are bought once, equal base students and their evaluations made once. */
export function boughtOnce(runs: readonly ExperimentRun[], prices: PriceList | null): Analyses['once'] {
  if (prices === null) {
    return null;
  }
  const { answers, distinct } = prices;
  const different = (values: readonly unknown[]) => new Set(values.map(canonicalJson)).size;
  return {
    answers,
    distinctAnswers: distinct.answers,
    distinctInputTokens: distinct.inputTokens,
    distinctOutputTokens: distinct.outputTokens,
    distinctUsd: usdOf(distinct.nanoUsd),
    runs: runs.length,
    baseStudents: different(runs.map(({ prepared }) => prepared.base)),
    baseEvaluations: different(runs.map(({ prepared }) => [prepared.base, prepared.tests])),
  };
}
