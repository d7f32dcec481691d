import type { Tally } from '../run-record';

/**
 * Share of right answers among those that were measured; what could not be read counts as asked and not as right. With a
 * check that gives scores: the mean score, where such an answer counts 0. `null` where nothing was measured.
 */
export function accuracyOf(tally: Tally): number | null {
  const measured = measuredOf(tally);
  return measured === 0 ? null : (tally.scoreSum ?? tally.correct) / measured;
}

/** Answers whose verdict is known: an unreadable reference and a comparison that ran out of time say nothing. */
export const measuredOf = ({ total, unmeasured = 0 }: Pick<Tally, 'total' | 'unmeasured'>): number =>
  total - unmeasured;

/** Mean of the strata's accuracies, each stratum counting once whatever its size; `null` where no stratum was asked. */
export function macroAccuracyOf(strata: Readonly<Record<string, Tally>>): number | null {
  const accuracies = Object.keys(strata)
    // Sums of floating-point numbers depend on their order; names give one that storage cannot change.
    .sort()
    .map((name) => accuracyOf(strata[name] as Tally))
    .filter((accuracy) => accuracy !== null);
  return accuracies.length === 0 ? null : accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
}
