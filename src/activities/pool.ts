import { TutelageError } from '../core/errors';
import type { Seed } from '../core/records';

/**
 * Seeds with what was measured of each. The tables are in the pool's order, as every step leaves them; a seed may lack
 * its record (a gap is not an error: what was not measured is a state), a record must have its seed.
 */
export async function* withRecords<T extends { readonly id: string }>(
  seeds: AsyncIterable<Seed>,
  records: AsyncIterable<T> | null,
): AsyncGenerator<[Seed, T | undefined]> {
  const iterator = records?.[Symbol.asyncIterator]();
  let next = await iterator?.next();
  for await (const seed of seeds) {
    if (next !== undefined && next.done !== true && next.value.id === seed.id) {
      yield [seed, next.value];
      next = await iterator?.next();
    } else {
      yield [seed, undefined];
    }
  }
  if (next !== undefined && next.done !== true) {
    throw new TutelageError(
      'damaged',
      `a record of seed ${next.value.id} stands where the pool has none`,
      'report this as a defect',
    );
  }
}
