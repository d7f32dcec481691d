import { createHash } from 'node:crypto';
import type { ArtifactKind, ArtifactRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import type { ArtifactStore } from '../store/artifacts/artifact-store';

/**
 * The store as an audit uses it. Reads check hashes as always. What a step puts is hashed but not written, so that a
 * recomputed step names the same content. If it reads that back, the store has it from the first time, unless the content
 * differs.
 */
export function readOnlyStore(store: ArtifactStore): ArtifactStore {
  const known = new Set<string>();

  function put(kind: ArtifactKind, text: string, rows?: number): ArtifactRef {
    const sha256 = createHash('sha256').update(text).digest('hex');
    known.add(sha256);
    return { kind, sha256, bytes: Buffer.byteLength(text), ...(rows === undefined ? {} : { rows }) };
  }

  const refuse = () => Promise.reject(new Error('an audit stores no files: this is a defect'));
  return {
    ...store,
    putText: async (kind, text) => put(kind, text),
    putRecords: async (kind, records) =>
      put(kind, records.map((record) => `${canonicalJson(record)}\n`).join(''), records.length),
    putFile: refuse,
    putDirectory: refuse,
    checkout: refuse,
    removeDirectory: refuse,
    has: async (ref) => known.has(ref.sha256) || store.has(ref),
  };
}
