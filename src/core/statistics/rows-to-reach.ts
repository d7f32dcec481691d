/** One checkpoint of a learning curve, usually the mean over random seeds. */
export interface CurvePoint {
  readonly rows: number;
  readonly accuracy: number;
}

/** "Not reached" is an outcome of its own: the end of the budget is not an estimate of it. */
export type RowsToReach = { readonly reached: true; readonly rows: number } | { readonly reached: false };

/**
 * N(tau): the rows bought when a curve first reaches an accuracy, linear between checkpoints. A later fall below it
 * does not undo the crossing.
 *
 * @param curve checkpoints in order of rows
 */
export function rowsToReach(curve: readonly CurvePoint[], accuracy: number): RowsToReach {
  const index = curve.findIndex((point) => point.accuracy >= accuracy);
  const after = curve[index];
  if (after === undefined) {
    return { reached: false };
  }
  const before = curve[index - 1];
  if (before === undefined) {
    return { reached: true, rows: after.rows };
  }
  const share = (accuracy - before.accuracy) / (after.accuracy - before.accuracy);
  return { reached: true, rows: before.rows + share * (after.rows - before.rows) };
}
