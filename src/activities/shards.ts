import type { ArtifactKind, ArtifactRef } from '../core/artifact-ref';
import { TutelageError } from '../core/errors';
import type { Seed } from '../core/records';
import { PART_ROWS, type Shard } from '../core/table';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { listParts, partsOf, readTable } from '../store/artifacts/tables';
import type { Dependencies } from './dependencies';
import type { RunContext } from './run-context';

export interface JoinInput extends RunContext {
  readonly kind: ArtifactKind;
  /** In the pool's order; where the parts of the pool were shared out, the shares of the first part, of the second, ... */
  readonly parts: readonly ArtifactRef[];
  /** 1: each is of seeds that follow each other. */
  readonly shares: number;
}

/** A part of the pool, with the positions of its seeds in the whole. */
export interface PoolPart {
  readonly seeds: ArtifactRef;
  readonly from: number;
  readonly to: number;
}

/** The engine's parameters for a share; none for whole parts, so that their job is named as ever. */
export const shardParameters = ({ shard, shards }: Shard) => (shards === undefined ? {} : { shard, shards });

/** The parts of the pool that a step works on. */
export async function partsOfShard(store: ArtifactStore, pool: ArtifactRef, { parts }: Shard): Promise<PoolPart[]> {
  let from = 0;
  const all = (await partsOf(store, pool)).map((seeds): PoolPart => {
    const part = { seeds, from, to: from + (seeds.rows ?? 0) };
    from = part.to;
    return part;
  });
  return all.slice(parts?.from, parts?.to);
}

/** Puts tables of parts of the pool together, in the pool's order, line by line as they were written. */
export function createJoinParts({ store }: Dependencies) {
  return async function joinParts({ kind, parts, shares, prepared }: JoinInput): Promise<ArtifactRef> {
    const joined: ArtifactRef[] = [];
    if (shares === 1) {
      joined.push(...(await inOneIfSmall(kind, parts)));
    } else {
      for (const [index, seeds] of (await partsOf(store, prepared.pool)).entries()) {
        joined.push(await merged(kind, seeds, parts.slice(index * shares, (index + 1) * shares)));
      }
    }
    const table = await listParts(store, kind, joined);
    if (table.rows !== prepared.pool.rows) {
      throw new TutelageError(
        'damaged',
        `the parts of the ${kind} have ${table.rows} rows, the pool has ${prepared.pool.rows} seeds`,
        'report this as a defect',
      );
    }
    return table;
  };

  /** Tables that follow each other: small ones are written as one, large ones stay the parts they are. */
  async function inOneIfSmall(kind: ArtifactKind, parts: readonly ArtifactRef[]): Promise<readonly ArtifactRef[]> {
    const rows = parts.reduce((sum, part) => sum + (part.rows ?? 0), 0);
    if (rows > PART_ROWS) {
      return parts;
    }
    const texts: string[] = [];
    for (const part of parts) {
      texts.push(await store.readText(part));
    }
    return [{ ...(await store.putText(kind, texts.join(''))), rows }];
  }

  /** Shares of one part: each has its rows in the pool's order, so the next row is the first left of one of them. */
  async function merged(kind: ArtifactKind, seeds: ArtifactRef, shares: readonly ArtifactRef[]): Promise<ArtifactRef> {
    const sources = shares.map((share) => store.readLines(share)[Symbol.asyncIterator]());
    const heads = await Promise.all(sources.map(nextLine));
    const lines: string[] = [];
    for await (const { id } of readTable<Seed>(store, seeds)) {
      const at = heads.findIndex((head) => head?.id === id);
      const source = sources[at];
      if (source === undefined) {
        throw new TutelageError('damaged', `no part of the ${kind} has seed ${id}`, 'report this as a defect');
      }
      lines.push(`${heads[at]?.line}\n`);
      heads[at] = await nextLine(source);
    }
    return { ...(await store.putText(kind, lines.join(''))), rows: lines.length };
  }
}

async function nextLine(source: AsyncIterator<string>): Promise<{ id: string; line: string } | null> {
  const { done, value } = await source.next();
  return done === true ? null : { id: (JSON.parse(value) as { id: string }).id, line: value };
}
