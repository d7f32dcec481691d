import { randomStream } from '../random';
import type { Seed } from '../records';
import type { FileRow, FileRows, TaskData } from './task';

/**
 * Pool and test set from files: whole, in file order, or as many as are wanted, drawn by the run's seed. A smaller pool
 * is the beginning of a larger one.
 */
export function dataFromFiles(
  rows: FileRows | undefined,
  options: { readonly pool_size?: number | undefined; readonly test_size?: number | undefined },
  seed: number,
): TaskData {
  if (rows === undefined) {
    throw new RangeError('this task reads its data from files, and none were given');
  }
  return {
    pool: seedsOf('pool', rows.train, options.pool_size, seed),
    tests: { test: seedsOf('test', rows.test, options.test_size, seed) },
  };
}

/** Ids name the row's place in the file, whatever was drawn. */
function seedsOf(set: string, rows: readonly FileRow[], size: number | undefined, seed: number): Seed[] {
  const all = rows.map((row, index) => ({ id: `${set}-${String(index).padStart(5, '0')}`, ...row }));
  return size === undefined || size >= all.length
    ? all
    : randomStream('file-data', set, seed).shuffle(all).slice(0, size);
}

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
      reason: `"${field}" is no text but ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`,
    };
  }
  return text.trim() === '' ? { reason: `"${field}" is empty` } : text.trim();
}

/** The loosest form in which two questions are surely the same: characters, case, punctuation and spaces aside. */
export const plainText = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?<=\d),(?=\d{3})/g, '')
    .replace(/[^\p{L}\p{N}+\-*/=<>^.%\\]+|\.(?!\d)/gu, ' ')
    .trim();
