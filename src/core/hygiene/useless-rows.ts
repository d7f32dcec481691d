import type { RejectedRow } from '../records';
import { rejectionKind } from './count-reasons';

/** So many rows must have been bought before they are judged together; of a smaller round, all of it and at least five. */
const ROWS_JUDGED_MIN = 20;
const ROWS_JUDGED_FLOOR = 5;

/**
 * Two seeds are selected for each row wanted, so a run that loses more than half of its rows cannot reach its goal. Where
 * one cause alone takes three quarters of the first ones, the next ones will hardly fare better.
 */
const USELESS_SHARE = 0.75;

/** A reason that a person has accepted is a reason to stop again once it takes this much more of the rows. */
const WORSE_BY = 0.15;

/** The one reason for which most of the first rows were rejected. */
export interface UselessRows {
  readonly reason: string;
  readonly rejected: number;
  readonly bought: number;
}

/** Reason -> share of the rows that it took when a person resumed the run all the same. */
export type AcceptedRejections = Readonly<Record<string, number>>;

export const acceptRejections = (accepted: AcceptedRejections, rows: UselessRows): AcceptedRejections => ({
  ...accepted,
  [rows.reason]: Math.max(accepted[rows.reason] ?? 0, rows.rejected / rows.bought),
});

/**
 * Whether most of the first rows were rejected for one reason; `null` where rows are worth buying, or where a person has
 * accepted this reason before and it has not become worse.
 *
 * @param reasons reason -> rows, as `countReasons` gives them
 * @param bought rows bought so far, the rejected ones included
 * @param wanted rows that are bought together
 */
export function uselessRows(
  reasons: Readonly<Record<string, number>>,
  bought: number,
  wanted: number,
  accepted: AcceptedRejections = {},
): UselessRows | null {
  // A call without a reply costs nothing, and refusals stop a run by themselves.
  const [first] = Object.entries(reasons)
    .filter(([reason]) => !reason.startsWith('call: '))
    .sort(([, left], [, right]) => right - left);
  if (first === undefined || bought < Math.max(ROWS_JUDGED_FLOOR, Math.min(ROWS_JUDGED_MIN, wanted))) {
    return null;
  }
  const [reason, rejected] = first;
  const acceptedShare = accepted[reason];
  const share = acceptedShare === undefined ? USELESS_SHARE : acceptedShare + WORSE_BY;
  return rejected >= share * bought ? { reason, rejected, bought } : null;
}

export const uselessSentence = ({ reason, rejected, bought }: UselessRows): string =>
  `${rejected} of the first ${bought} rows were bought and rejected for one reason (${reason})`;

/**
 * Counts rows as they come in and says when they are not worth buying. A rejected question comes back sooner than a
 * question with its answer, so the first rows to come back are worse than the rest. Rows are therefore judged in the
 * order in which they are bought, and one that is still out counts as good.
 */
export class UselessRowCount {
  private readonly kinds: (string | null)[] = [];

  constructor(
    private readonly wanted: number,
    private readonly accepted: AcceptedRejections = {},
  ) {}

  /**
   * @param index of the row in the order of the purchase, from 0
   * @param rejection `null` for a row that can be used so far
   */
  see(index: number, rejection: Pick<RejectedRow, 'stage' | 'reason'> | null): UselessRows | null {
    this.kinds[index] = rejection === null ? null : rejectionKind(rejection);
    if (rejection === null) {
      return null;
    }
    const counts = new Map<string, number>();
    for (const [before, kind = null] of this.kinds.entries()) {
      if (kind !== null) {
        const rejected = (counts.get(kind) ?? 0) + 1;
        counts.set(kind, rejected);
        const useless = uselessRows({ [kind]: rejected }, before + 1, this.wanted, this.accepted);
        if (useless !== null) {
          return useless;
        }
      }
    }
    return null;
  }
}
