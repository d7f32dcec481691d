import { randomStream } from '../random';
import type { Seed } from '../records';
import type { FileRow } from './task';

/** Options that name data files, with those paths made absolute. */
export function withDataPaths<
  Options extends { readonly train?: string | undefined; readonly test?: string | undefined },
>(options: Options, resolve: (path: string) => string): Options {
  const { train, test } = options;
  return {
    ...options,
    ...(train === undefined ? {} : { train: resolve(train) }),
    ...(test === undefined ? {} : { test: resolve(test) }),
  };
}

/** Stands in for `makeData` in tasks that read files. */
export function readsFiles(): never {
  throw new RangeError('this task reads its data from files');
}

/**
 * The indexes, from 0 in file order, of the rows drawn by the run's random seed, in the order drawn; `null`: all rows, in
 * file order. A smaller set is a prefix of a larger one.
 */
export function drawnIndexes(
  set: 'pool' | 'test',
  count: number,
  size: number | undefined,
  seed: number,
): number[] | null {
  return size === undefined || size >= count
    ? null
    : randomStream('file-data', set, seed)
        .shuffle(Array.from({ length: count }, (_, index) => index))
        .slice(0, size);
}

/** Ids contain the row's index in the file, independent of what was drawn. */
export const seedOf = (set: 'pool' | 'test', index: number, row: FileRow): Seed => ({
  id: `${set}-${String(index).padStart(5, '0')}`,
  ...row,
});

/** A text field of a record. */
export function textField(
  record: Readonly<Record<string, unknown>>,
  field: string,
): string | { readonly reason: string } {
  const value = record[field];
  if (value === undefined) {
    return { reason: `there is no column "${field}"; there are ${Object.keys(record).join(', ') || 'none'}` };
  }
  const text =
    typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string') {
    return {
      reason: `"${field}" must be text, but is ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`,
    };
  }
  return text.trim() === '' ? { reason: `"${field}" is empty` } : text.trim();
}

/**
 * The form in which two questions are the same: white space aside, and case where it is prose. Signs are meaning: 8 × 2 is
 * not 8 ÷ 2, 5² not 52, and a && b not a || b.
 */
export function plainText(text: string): string {
  const spaced = text.normalize('NFC').trim().replace(/\s+/g, ' ');
  return isProse(spaced) ? spaced.toLowerCase().replace(/ ?[.!?]+$/, '') : spaced;
}

/** Words and sentences. Formulas and code tell apart what prose does not: f(X) and f(x). */
const isProse = (text: string) => !/[\\{}=<>;|&^_`]|\w\(/.test(text);
