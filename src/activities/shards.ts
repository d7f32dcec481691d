import type { ArtifactKind, ArtifactRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import type { Seed } from '../core/records';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';

/** Which part of the pool a step works on; absent is the whole. The engine gives a row the same bits either way. */
export interface Shard {
  readonly shard: number;
  readonly shards: number;
}

export interface JoinInput extends RunContext {
  readonly kind: ArtifactKind;
  readonly parts: readonly ArtifactRef[];
}

/** The engine's parameters for a shard; none for the whole, so that its job is named as ever. */
export const shardParameters = ({ shard, shards }: Partial<Shard>) => (shards === undefined ? {} : { shard, shards });

/** Puts tables of parts of the pool together, in the pool's order, line by line as they were written. */
export function createJoinParts({ store }: Dependencies) {
  return async function joinParts({ kind, parts, prepared }: JoinInput): Promise<ArtifactRef> {
    const lines = new Map<string, string>();
    for (const part of parts) {
      for (const line of (await store.readText(part)).split('\n').filter((text) => text !== '')) {
        lines.set((JSON.parse(line) as { id: string }).id, line);
      }
    }
    const pool = await store.readRecords<Seed>(prepared.pool);
    const ordered = pool.map(({ id }) => {
      const line = lines.get(id);
      if (line === undefined) {
        throw new TutelageError('damaged', `no part of the ${kind} has seed ${id}`, 'report this as a defect');
      }
      return `${line}\n`;
    });
    return { ...(await store.putText(kind, ordered.join(''))), rows: ordered.length };
  };
}
