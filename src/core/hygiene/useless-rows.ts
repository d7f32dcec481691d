import type { RejectedRow } from '../records';
import { countReasons } from './count-reasons';

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

/** Counts rows as they come in, in any order, and says when they are not worth buying. */
export class UselessRowCount {
  private readonly rejected: Pick<RejectedRow, 'stage' | 'reason'>[] = [];
  private bought = 0;

  constructor(
    private readonly wanted: number,
    private readonly accepted: AcceptedRejections = {},
  ) {}

  /** @param rejection `null` for a row that can be used so far */
  see(rejection: Pick<RejectedRow, 'stage' | 'reason'> | null): UselessRows | null {
    this.bought += 1;
    if (rejection === null) {
      return null;
    }
    this.rejected.push(rejection);
    return uselessRows(countReasons(this.rejected), this.bought, this.wanted, this.accepted);
  }
}
