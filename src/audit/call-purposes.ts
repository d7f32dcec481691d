import type { StoredCall } from '../store/ledger/read-ledger';

/** Calls that make a row, or look at its answer once more; the others grade an answer of the student. */
export const isOfRow = (purpose: StoredCall['purpose']): boolean =>
  purpose === 'question' || purpose === 'answer' || purpose === 'verify';

/** The row that a call belongs to: a further answer is named by its row and its number, `seed#0#hash~2`. */
export const rowOf = ({ purpose, row }: StoredCall): string => (purpose === 'verify' ? row.replace(/~\d+$/, '') : row);
