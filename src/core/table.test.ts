import * as fc from 'fast-check';
import { cutPool } from './table';

describe('a pool is cut', () => {
  test.each([
    ['a small one not at all', { rows: 3000 }, 20_000, [{}]],
    ['into shares, where more engines than parts shall work', { rows: 200 }, 70, [{ shard: 0, shards: 3 }, { shard: 1, shards: 3 }, { shard: 2, shards: 3 }]], // biome-ignore format: a table
    ['by parts', { rows: 50_000, parts: 3 }, 20_000, [{ parts: { from: 0, to: 1 } }, { parts: { from: 1, to: 2 } }, { parts: { from: 2, to: 3 } }]], // biome-ignore format: a table
    ['by several parts at a time', { rows: 50_000, parts: 3 }, 45_000, [{ parts: { from: 0, to: 2 } }, { parts: { from: 2, to: 3 } }]], // biome-ignore format: a table
    ['not at all, where a shard may hold all its parts', { rows: 50_000, parts: 3 }, 100_000, [{}]],
    ['into shares of its parts', { rows: 40_000, parts: 2 }, 15_000, [{ parts: { from: 0, to: 1 }, shard: 0, shards: 2 }, { parts: { from: 0, to: 1 }, shard: 1, shards: 2 }, { parts: { from: 1, to: 2 }, shard: 0, shards: 2 }, { parts: { from: 1, to: 2 }, shard: 1, shards: 2 }]], // biome-ignore format: a table
  ])('%s', (_, pool, shardRows, expected) => {
    expect(cutPool(pool, shardRows)).toEqual(expected);
  });

  test('into a bounded number of shards that hold every part once, or every share of it', () => {
    void fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 3_000_000 }), (parts, shardRows) => {
        const shards = cutPool({ rows: parts * 20_000, parts }, shardRows);
        expect(shards.length).toBeLessThanOrEqual(32);
        const held = new Array<number>(parts).fill(0);
        for (const { parts: own = { from: 0, to: parts }, shards: shares = 1 } of shards) {
          for (let part = own.from; part < own.to; part += 1) {
            held[part] = (held[part] ?? 0) + 1 / shares;
          }
        }
        expect(held.every((share) => Math.abs(share - 1) < 1e-9)).toBe(true);
      }),
    );
  });
});
