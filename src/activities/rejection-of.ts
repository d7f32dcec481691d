import type { RowFilter } from '../core/hygiene/row-filter';
import type { RejectedRow } from '../core/records';
import type { BoughtRow } from '../teacher';

/**
 * What becomes of a bought row, in a run as in a preview: why it is not trained on, or `null` where it is accepted. Rows
 * are given in rank order; of two that are alike the filter keeps the first.
 *
 * @param id of the row, by which later ones that are alike are told of it
 */
export function rejectionOf(
  rowFilter: RowFilter,
  row: BoughtRow,
  id: string,
): Pick<RejectedRow, 'stage' | 'reason'> | null {
  switch (row.state) {
    case 'overBudget':
      return { stage: 'budget', reason: `the ${row.cap} cap was reached` };
    case 'rejected':
      return { stage: row.isUnanswered ? 'call' : row.stage, reason: row.reason };
    case 'answered':
      return rowFilter.reject({ ...row, id, others: row.furtherAnswers?.map(({ answer }) => answer) });
  }
}
