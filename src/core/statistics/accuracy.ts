import type { Tally } from '../run-record';

/** Share of right answers; what could not be parsed counts as asked and not as right. `null` where nothing was asked. */
export function accuracyOf(tally: Tally): number | null {
  return tally.total === 0 ? null : tally.correct / tally.total;
}

/** Mean of the strata's accuracies, each stratum counting once whatever its size; `null` where no stratum was asked. */
export function macroAccuracyOf(strata: Readonly<Record<string, Tally>>): number | null {
  const accuracies = Object.keys(strata)
    // Sums of floating-point numbers depend on their order; names give one that storage cannot change.
    .sort()
    .map((name) => accuracyOf(strata[name] as Tally))
    .filter((accuracy) => accuracy !== null);
  return accuracies.length === 0 ? null : accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length;
}
