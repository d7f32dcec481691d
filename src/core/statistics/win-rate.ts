import { pairedDifference } from './paired-t';

/** One setting (task, student, rows per iteration): accuracies by arm and random seed, one number per checkpoint. */
export interface WinSetting {
  /** Arm -> random seed -> accuracy at each checkpoint. */
  readonly arms: ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;
}

export interface WinRates {
  readonly arms: readonly string[];
  /** `cells[i][j]`: how often arm i is significantly above arm j; at most the number of settings. `null`: not tested. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** Mean of each column: how often arm j is beaten. Lower is better. */
  readonly overall: readonly (number | null)[];
}

const level = 0.05;

/**
 * The pairwise win-rate matrix: in each setting and at each of its checkpoints, the differences of two arms over their
 * common random seeds are put to the paired t-test; a significant win adds 1 / (number of checkpoints) to the cell of
 * the winner's row. After the evaluation of BADGE (Ash et al., ICLR 2020, section 5). With fewer than two common seeds
 * there is no test, and a cell without any test is `null`, not 0.
 */
export function winRates(settings: readonly WinSetting[]): WinRates {
  const arms = [...new Set(settings.flatMap((setting) => [...setting.arms.keys()]))];
  const cells = arms.map((first) => arms.map((second) => (first === second ? null : cellOf(settings, first, second))));
  const overall = arms.map((_, column) => {
    const known = cells.map((row) => row[column] ?? null).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
  return { arms, cells, overall };
}

function cellOf(settings: readonly WinSetting[], first: string, second: string): number | null {
  const won = settings.map(({ arms }) => winsIn(arms.get(first), arms.get(second))).filter((value) => value !== null);
  return won.length === 0 ? null : won.reduce((sum, value) => sum + value, 0);
}

type BySeed = ReadonlyMap<number, readonly number[]>;

/** Share of the checkpoints at which the first is significantly above the second; `null` where nothing can be tested. */
function winsIn(first: BySeed | undefined, second: BySeed | undefined): number | null {
  const seeds = [...(first?.keys() ?? [])].filter((seed) => second?.has(seed));
  const pairs = seeds.map((seed) => [first?.get(seed) ?? [], second?.get(seed) ?? []] as const);
  const checkpoints = Math.min(...pairs.flatMap(([one, other]) => [one.length, other.length]));
  if (pairs.length < 2 || checkpoints < 1) {
    return null;
  }
  const wins = Array.from({ length: checkpoints }, (_, index) => {
    const { mean, p } = pairedDifference(
      pairs.map(([one]) => one[index] as number),
      pairs.map(([, other]) => other[index] as number),
    );
    return mean > 0 && p !== null && p < level;
  });
  return wins.filter(Boolean).length / checkpoints;
}
