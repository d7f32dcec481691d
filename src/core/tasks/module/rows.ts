import { plainText } from '../file-data';
import { type FileRow, quote } from '../task';
import type { TaskModule } from './task-module';

/** So many kinds of problem are told of one set. */
const KINDS_MAX = 5;

/**
 * The rows that a function of the module returns.
 * @throws RangeError with a sentence for each kind of problem
 */
export function rowsOf(
  module: TaskModule,
  set: 'seeds' | 'tests',
  given: { readonly seed: number; readonly options: unknown },
): FileRow[] {
  const listed = module.call(set, given);
  if (!listed.ok) {
    throw new RangeError(`${set}() ${listed.reason}`);
  }
  const rows: FileRow[] = [];
  const problems = new Map<string, string[]>();
  const seen = new Map<string, number>();
  for (const [index, item] of itemsOf(listed.value, set).entries()) {
    const row = rowOf(item);
    const form = typeof row === 'string' ? null : plainText(row.question);
    const earlier = form === null ? undefined : seen.get(form);
    const problem = typeof row === 'string' ? row : earlier === undefined ? null : 'has the question of an earlier row';
    if (problem !== null) {
      problems.set(problem, [...(problems.get(problem) ?? []), String(index)]);
    } else if (typeof row !== 'string' && form !== null) {
      seen.set(form, index);
      rows.push(row);
    }
  }
  if (problems.size > 0) {
    throw new RangeError(problemText(set, problems));
  }
  if (rows.length === 0) {
    throw new RangeError(`${set}() returned no rows`);
  }
  return rows;
}

function itemsOf(value: unknown, set: string): unknown[] {
  if (!Array.isArray(value)) {
    const what = isThenable(value) ? 'a promise; it must not be async' : value === null ? 'null' : typeof value;
    throw new RangeError(`${set}() must return a list of rows {question, answer}, but returned ${what}`);
  }
  return value;
}

export const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

/** The row, or why it is none. */
function rowOf(item: unknown): FileRow | string {
  if (typeof item !== 'object' || item === null) {
    return 'is not an object {question, answer}';
  }
  const { question, answer, stratum = 'all' } = item as Readonly<Record<string, unknown>>;
  const texts = [textOf(question), textOf(answer), textOf(stratum)] as const;
  const [asked, reference, group] = texts;
  return asked === null
    ? 'has no question that is a text'
    : reference === null
      ? 'has no answer that is a text or a number'
      : group === null
        ? 'has a stratum that is not a text'
        : { question: asked, answer: reference, stratum: group };
}

function textOf(value: unknown): string | null {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null;
}

function problemText(set: string, problems: ReadonlyMap<string, readonly string[]>): string {
  const shown = [...problems].slice(0, KINDS_MAX).map(([problem, rows]) => {
    const [first, ...others] = rows;
    const more = others.length === 0 ? '' : ` (and ${others.length.toLocaleString('en-US')} more)`;
    return `${set}() row ${first}${more} ${problem}`;
  });
  return shown.join('; ');
}

/** @throws RangeError where questions are in both sets */
export function refuseOverlap(seeds: readonly FileRow[], tests: readonly FileRow[]): void {
  const known = new Set(seeds.map(({ question }) => plainText(question)));
  const both = tests.filter(({ question }) => known.has(plainText(question)));
  if (both.length > 0) {
    const more = both.length === 1 ? '' : `, and ${(both.length - 1).toLocaleString('en-US')} more`;
    throw new RangeError(`tests() has a question that is also a seed: ${quote(both[0]?.question ?? '')}${more}`);
  }
}
