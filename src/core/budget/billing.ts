import type { Billing } from '../run-record';
import { sumUsd } from './price';

/** What was unusual about the bills of several runs together. */
export function addBilling(parts: readonly Billing[]): Billing {
  const sum = (of: keyof Billing) => parts.reduce((all, one) => all + one[of], 0);
  return {
    aboveWorstCalls: sum('aboveWorstCalls'),
    aboveWorstTokens: sum('aboveWorstTokens'),
    aboveWorstUsd: sumUsd(parts.map(({ aboveWorstUsd }) => aboveWorstUsd)),
    absurdCalls: sum('absurdCalls'),
    estimatedCalls: sum('estimatedCalls'),
  };
}
