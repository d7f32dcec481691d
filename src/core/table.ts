import type { ArtifactRef } from './artifact-ref';

/**
 * Rows of one part of a table. Whatever has more rows lies in parts of so many each: no step needs a large table whole,
 * a step that works on a part reads no other, and parts are put together by listing them. The engine plans its batches
 * inside a part, so a seed's bits hang on its part and on nothing else.
 */
export const PART_ROWS = 20_000;

/** Shards of one step at most: with three to six events each a step stays below 200, however large the pool. */
const SHARDS_MAX = 32;

/** What one activity works on: parts of the pool, or one share of a part. Absent is the whole. */
export interface Shard {
  /** From the first up to, not including, the last; absent is the pool's only part. */
  readonly parts?: { readonly from: number; readonly to: number };
  /** The engine makes the plan of the whole part and does every so-manieth batch, so a seed gets the same bits either way. */
  readonly shard?: number;
  readonly shards?: number;
}

/**
 * Cuts a pool into shards of about so many rows: several parts each, or shares of a part where fewer are wanted than a
 * part has.
 */
export function cutPool({ rows = 0, parts = 1 }: Pick<ArtifactRef, 'rows' | 'parts'>, shardRows: number): Shard[] {
  const partRows = Math.ceil(rows / parts);
  const shares = Math.min(Math.ceil(partRows / shardRows), Math.floor(SHARDS_MAX / parts));
  if (shares > 1) {
    return Array.from({ length: parts * shares }, (_, index) => {
      const part = Math.floor(index / shares);
      return { ...(parts === 1 ? {} : { parts: { from: part, to: part + 1 } }), shard: index % shares, shards: shares };
    });
  }
  const each = Math.max(1, Math.floor(shardRows / Math.max(1, partRows)), Math.ceil(parts / SHARDS_MAX));
  if (each >= parts) {
    return [{}];
  }
  return Array.from({ length: Math.ceil(parts / each) }, (_, index) => ({
    parts: { from: index * each, to: Math.min((index + 1) * each, parts) },
  }));
}
