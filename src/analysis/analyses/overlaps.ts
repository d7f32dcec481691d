import { mean } from 'simple-statistics';
import type { Analyses } from '../analyses-schema';
import { settingOf } from '../settings';
import type { ArmRun } from './arm-run';

/** Two arms that share more of their picks than this are the same arm under two names. */
const OVERLAP_TOLD = 0.9;

/** Arms of one setting whose accepted rows come from nearly the same seeds, by runs of the same random seed. */
export function overlaps(runs: readonly ArmRun[]): Analyses['overlaps'] {
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  return arms.flatMap((arm, index) =>
    arms.slice(index + 1).flatMap((other) => {
      const shares = runs
        .filter((one) => one.arm === arm)
        .flatMap((first) => {
          const second = runs.find((one) => one.arm === other && isPair(first, one));
          return second === undefined ? [] : sharedPicks(parentsOf(first), parentsOf(second));
        });
      const share = shares.length === 0 ? 0 : mean(shares);
      return share > OVERLAP_TOLD ? [{ arm, other, seeds: shares.length, share }] : [];
    }),
  );
}

const isPair = ({ result: first }: ArmRun, { result: second }: ArmRun) =>
  first.config.seed === second.config.seed && settingOf(first.labels) === settingOf(second.labels);

const parentsOf = ({ rows }: ArmRun) =>
  rows.lines.flatMap(({ verdict, parent, iteration }) => (verdict === 'accepted' ? [`${iteration} ${parent}`] : []));

/** Picks that both made in the same iteration, of the larger number of picks; nothing where neither made any. */
function sharedPicks(first: readonly string[], second: readonly string[]): number[] {
  const left = new Map<string, number>();
  for (const pick of first) {
    left.set(pick, (left.get(pick) ?? 0) + 1);
  }
  let shared = 0;
  for (const pick of second) {
    const count = left.get(pick) ?? 0;
    shared += Number(count > 0);
    left.set(pick, count - 1);
  }
  const size = Math.max(first.length, second.length);
  return size === 0 ? [] : [shared / size];
}
