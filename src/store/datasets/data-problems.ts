import { TutelageError } from '../../core/errors';

/** One thing that is wrong with the data: where, and what. */
export interface DataProblem {
  readonly file: string;
  /** From 1; `null` where it is about the file as a whole. */
  readonly line: number | null;
  readonly message: string;
}

/** Of many problems of one kind the first ones say enough. */
const SHOWN_MAX = 20;

/** All problems as one error for people, each with its place. */
export function dataError(problems: readonly DataProblem[]): TutelageError {
  const lines = problems
    .slice(0, SHOWN_MAX)
    .map(({ file, line, message }) => `${file}${line === null ? '' : `:${line}`}: ${message}`);
  const more = problems.length - lines.length;
  return new TutelageError(
    'usage',
    [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
    'mend the data, or the columns that task names; nothing was spent',
  );
}
