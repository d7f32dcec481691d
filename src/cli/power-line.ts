import { plural } from '../analysis/phrases';
import { type PlanPower, USUAL } from '../core/power-of-plan';
import { POWER_WANTED } from '../core/statistics/power';

/** What the comparisons of a planned experiment can show, and what more would cost. @param rows of all its runs together */
export function powerLine({ seeds, resolved, chances }: PlanPower, rows: number): string {
  const percent = (chance: number) => `${(100 * chance).toFixed(0)} %`;
  const usual = `a true difference of ${USUAL.difference} with an s.d. of ${USUAL.sd} over seeds`;
  const more = chances
    .filter((one) => one.seeds > seeds)
    .map(
      (one) =>
        `${one.seeds} seeds: ${percent(one.chance)}, ${plural((rows / seeds) * (one.seeds - seeds), 'row')} more`,
    );
  const others = more.length === 0 ? '' : ` (${more.join('; ')})`;
  const own = chances.find((one) => one.seeds === seeds);
  return resolved === null || own === undefined
    ? `compares: arms with one random seed, so no difference can be tested; how often ${usual} would be found${others}`
    : `compares: arms with ${seeds} random seeds, where ${usual} is found in ${percent(own.chance)} of experiments${others}; ` +
        `in ${percent(POWER_WANTED)}, one of ${(resolved * USUAL.sd).toFixed(3)}`;
}
