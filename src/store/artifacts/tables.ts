import type { ArtifactKind, ArtifactRef } from '../../core/artifact-ref';
import { canonicalJson } from '../../core/canonical-json';
import { PART_ROWS } from '../../core/table';
import { turnTaker } from './yield-to-event-loop';

/** What a table is stored through: an artifact store, or a part of one. */
interface TableWriter {
  putText(kind: ArtifactKind, text: string): Promise<ArtifactRef>;
}

interface TableReader {
  readText(ref: ArtifactRef): Promise<string>;
  readLines(ref: ArtifactRef): AsyncIterable<string>;
}

/** Records as they come; what is small enough may be a list. */
export type Records<T> = AsyncIterable<T> | Iterable<T>;

/**
 * Stores a table of any size. More rows than one part holds are stored as parts, and the table is the list of their
 * references. The same records give the same artifacts; up to one part they are those of `putRecords`.
 */
export async function putTable(
  store: TableWriter,
  kind: ArtifactKind,
  records: Records<object>,
  { partRows = PART_ROWS }: { readonly partRows?: number } = {},
): Promise<ArtifactRef> {
  const parts: ArtifactRef[] = [];
  let lines: string[] = [];
  const putPart = async () => {
    parts.push({ ...(await store.putText(kind, lines.join(''))), rows: lines.length });
    lines = [];
  };
  for await (const record of records) {
    if (lines.length === partRows) {
      await putPart();
    }
    lines.push(`${canonicalJson(record)}\n`);
  }
  await putPart();
  return listParts(store, kind, parts);
}

/** One table of several, in order: the list of them. */
export async function listParts(
  store: TableWriter,
  kind: ArtifactKind,
  parts: readonly ArtifactRef[],
): Promise<ArtifactRef> {
  if (parts.length === 1) {
    return parts[0] as ArtifactRef;
  }
  const rows = parts.reduce((sum, part) => sum + (part.rows ?? 0), 0);
  const list = await store.putText(kind, parts.map((part) => `${canonicalJson(part)}\n`).join(''));
  return { ...list, rows, parts: parts.length };
}

/** The parts of a table, in order: itself, where it has none. */
export async function partsOf(store: Pick<TableReader, 'readText'>, table: ArtifactRef): Promise<ArtifactRef[]> {
  if (table.parts === undefined) {
    return [table];
  }
  const list = (await store.readText(table)).split('\n').filter((line) => line !== '');
  return list.map((line) => JSON.parse(line) as ArtifactRef);
}

/** From the first up to, not including, the last; from 0. */
interface RowRange {
  readonly from?: number;
  readonly to?: number;
}

/**
 * The records of a table one by one, all or those of a range; parts outside it are not read.
 * The hash of each part is checked before its first record is given.
 */
export async function* readTable<T>(
  store: TableReader,
  table: ArtifactRef,
  { from = 0, to = Number.POSITIVE_INFINITY }: RowRange = {},
): AsyncGenerator<T> {
  const turns = turnTaker();
  let first = 0;
  for (const part of await partsOf(store, table)) {
    const end = first + (part.rows ?? Number.POSITIVE_INFINITY);
    if (first < to && end > from) {
      let row = first;
      for await (const line of store.readLines(part)) {
        if (row >= to) {
          break;
        }
        if (row >= from) {
          yield JSON.parse(line) as T;
          if (turns.isDue()) {
            await turns.pass();
          }
        }
        row += 1;
      }
    }
    first = end;
  }
}

/** The same as a list. */
export async function allRecords<T>(store: TableReader, table: ArtifactRef, range: RowRange = {}): Promise<T[]> {
  const records: T[] = [];
  for await (const record of readTable<T>(store, table, range)) {
    records.push(record);
  }
  return records;
}

/** The records of these ids, out of a table of any size. */
export async function recordsById<T extends { readonly id?: string }>(
  store: TableReader,
  table: ArtifactRef,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, T>> {
  const wanted = new Set<string | undefined>(ids);
  const found = new Map<string, T>();
  for await (const record of readTable<T>(store, table)) {
    if (record.id !== undefined && wanted.has(record.id)) {
      found.set(record.id, record);
    }
  }
  return found;
}
