import { createHash } from 'node:crypto';
import type { ArtifactKind, ArtifactRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { ArtifactStore } from '../store/artifacts/artifact-store';
import { allRecords } from '../store/artifacts/tables';

/**
 * The store as an audit uses it: reads are the store's own, with their hashes checked; what a step puts is hashed and
 * kept in memory, so that a step that is done again names the same content without writing any.
 */
export function readOnlyStore(store: ArtifactStore): ArtifactStore {
  const texts = new Map<string, string>();

  async function readText(ref: ArtifactRef): Promise<string> {
    const text = texts.get(ref.sha256) ?? (await store.readText(ref));
    texts.set(ref.sha256, text);
    return text;
  }

  async function* readLines(ref: ArtifactRef) {
    const text = texts.get(ref.sha256);
    yield* text === undefined ? store.readLines(ref) : text.split('\n').filter((line) => line !== '');
  }

  function put(kind: ArtifactKind, text: string, rows?: number): ArtifactRef {
    const sha256 = createHash('sha256').update(text).digest('hex');
    texts.set(sha256, text);
    return { kind, sha256, bytes: Buffer.byteLength(text), ...(rows === undefined ? {} : { rows }) };
  }

  const refuse = () => Promise.reject(new Error('an audit stores no files: this is a defect'));
  return {
    putText: async (kind, text) => put(kind, text),
    putRecords: async (kind, records) =>
      put(kind, records.map((record) => `${canonicalJson(record)}\n`).join(''), records.length),
    putFile: refuse,
    putDirectory: refuse,
    readText,
    readRecords: <T>(ref: ArtifactRef) => allRecords<T>({ readText, readLines }, ref),
    readLines,
    pathOf: (ref) => store.pathOf(ref),
    checkout: refuse,
    keepInUse: (paths) => store.keepInUse(paths),
    has: async (ref) => texts.has(ref.sha256) || store.has(ref),
  };
}
