import type { ArtifactRef } from './artifact-ref';

/**
 * Rows of one part of a table. A larger table is stored in parts of this many rows: no step needs a large table as a
 * whole, a step that works on one part reads no other, and parts are joined by listing them. The engine plans its batches
 * within a part, so the exact numbers of a seed depend on its part and on nothing else.
 */
export const PART_ROWS = 20_000;

/** Maximum number of shards of a step: at three to six events each, a step stays below 200 events, however large the pool. */
const SHARDS_MAX = 32;

/** What one activity works on: parts of the pool, or one share of a part. Absent: the whole pool. */
export interface Shard {
  /** From the first part up to, but not including, the last; absent: the only part of the pool. */
  readonly parts?: { readonly from: number; readonly to: number };
  /** The engine plans the whole part and does every n-th batch of the plan, so a seed gets exactly the same numbers either way. */
  readonly shard?: number;
  readonly shards?: number;
}

/**
 * Cuts a pool into shards of about the given number of rows: several parts each, or shares of one part where a shard is to
 * be smaller than a part.
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
