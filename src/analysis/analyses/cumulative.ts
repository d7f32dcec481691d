import { cumulativeAccuracy } from '../../core/statistics/cumulative-accuracy';
import type { Analyses } from '../analyses-schema';
import type { ArmRun } from './arm-run';

/**
 * Are rows of high-scoring seeds harder than shuffled ones, for the student that scored? Of the random runs only: a
 * selected set has the range of scores cut off (arXiv 2512.00884, figure 3).
 */
export function cumulative(runs: readonly ArmRun[]): Analyses['cumulative'] {
  const random = runs.filter(({ result }) => result.config.strategy.select === 'uniform');
  return random.flatMap(({ arm, result, rows }) =>
    (['first', 'final'] as const).flatMap((student) => {
      const outcomes = (rows.diagnoses?.[student] ?? []).flatMap(({ parentLoss, correct }) =>
        parentLoss === null ? [] : [{ score: parentLoss, correct }],
      );
      const found = cumulativeAccuracy(outcomes);
      return found === null
        ? []
        : [{ student, run: result.run, arm, rows: found.n, accuracy: found.accuracy, curve: [...found.curve] }];
    }),
  );
}
