import { mean } from 'simple-statistics';
import type { ExperimentResults, ExperimentRun, RunResults } from '../results-schema';

/** Accuracy by stratum of one arm (or run): the base student and the last iteration that all its seeds have reached. */
export interface ArmStrata {
  readonly name: string;
  readonly strata: readonly { readonly stratum: string; readonly first: number; readonly last: number }[];
}

/** Means over random seeds; strata in the order of the stored evaluation, without those that were never asked. */
export function strataOf(results: RunResults | ExperimentResults): ArmStrata[] {
  if (results.kind === 'run') {
    return [armStrata(results.config.strategy.name, [results])];
  }
  return results.arms.map(({ arm, runs: names }) =>
    armStrata(
      arm,
      results.runs.filter(({ run }) => names.includes(run)),
    ),
  );
}

function armStrata(name: string, runs: readonly Pick<ExperimentRun, 'curve'>[]): ArmStrata {
  const last = Math.min(...runs.map(({ curve }) => curve.length)) - 1;
  const meanAt = (stratum: string, index: number) => {
    const values = runs.map(({ curve }) => curve[index]?.strata[stratum]?.accuracy ?? null);
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : mean(known);
  };
  const names = Object.keys(runs[0]?.curve[0]?.strata ?? {});
  return {
    name,
    strata: names.flatMap((stratum) => {
      const [first, end] = [meanAt(stratum, 0), meanAt(stratum, last)];
      return first === null || end === null ? [] : [{ stratum, first, last: end }];
    }),
  };
}
