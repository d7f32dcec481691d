import { randomStream } from '../random';
import type { Seed } from '../records';
import type { FileRow } from './task';

/** In the place of `makeData` of a task that reads files. */
export function readsFiles(): never {
  throw new RangeError('this task reads its data from files');
}

/**
 * The places, in file order from 0, of the rows that are drawn by the run's seed, in the order drawn; `null` for all of
 * them as they stand. A smaller set is the beginning of a larger one.
 */
export function drawnPlaces(
  set: 'pool' | 'test',
  count: number,
  size: number | undefined,
  seed: number,
): number[] | null {
  return size === undefined || size >= count
    ? null
    : randomStream('file-data', set, seed)
        .shuffle(Array.from({ length: count }, (_, place) => place))
        .slice(0, size);
}

/** Ids name the row's place in the file, whatever was drawn. */
export const seedOf = (set: 'pool' | 'test', place: number, row: FileRow): Seed => ({
  id: `${set}-${String(place).padStart(5, '0')}`,
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
