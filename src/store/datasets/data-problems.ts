import { TutelageError } from '../../core/errors';

/** One problem of a data file. */
export interface DataProblem {
  readonly file: string;
  /** From 1; `null` for a problem of the file as a whole. */
  readonly line: number | null;
  readonly message: string;
  /** Equal for problems of one kind; absent: the message itself. */
  readonly kind?: string;
}

/** Further lines with the same problem that a message names. */
const NAMED_MAX = 5;

/** Problems of so many kinds are listed. */
const KINDS_MAX = 20;

/**
 * All problems as one error: a sentence for each kind of problem, with the first line that has it and how many more do.
 * @param rows file -> number of its rows
 */
export function dataError(
  problems: readonly DataProblem[],
  rows: ReadonlyMap<string, number> = new Map(),
): TutelageError {
  const groups = new Map<string, DataProblem[]>();
  for (const problem of problems) {
    const key = `${problem.file}\n${problem.kind ?? problem.message}`;
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  const sentences = [...groups.values()].map((group) => sentenceOf(group, rows));
  const more = sentences.length - KINDS_MAX;
  return new TutelageError(
    'usage',
    [...sentences.slice(0, KINDS_MAX), ...(more > 0 ? [`and ${more} more kinds of problem`] : [])].join('\n'),
    'correct the data, or the columns that task names; nothing was spent',
  );
}

function sentenceOf(group: readonly DataProblem[], rows: ReadonlyMap<string, number>): string {
  const [first, ...others] = group;
  if (first === undefined) {
    return '';
  }
  const { file, line, message } = first;
  const total = rows.get(file);
  if (line !== null && others.length > 0 && group.length === total) {
    return `${file}: in all ${total.toLocaleString('en-US')} rows: ${message}`;
  }
  const located = `${file}${line === null ? '' : `:${line}`}: ${message}`;
  if (others.length === 0) {
    return located;
  }
  const named = others.slice(0, NAMED_MAX).map((other) => other.line);
  const unnamed = others.length - named.length;
  return `${located} (also line${others.length === 1 ? '' : 's'} ${named.join(', ')}${unnamed > 0 ? ` and ${unnamed.toLocaleString('en-US')} more` : ''})`;
}
