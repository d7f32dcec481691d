import type { ArtifactRef } from '../core/artifact-ref';

/** Every artifact reference inside a value, at any depth. */
export function referencesIn(value: unknown): ArtifactRef[] {
  if (Array.isArray(value)) {
    return value.flatMap(referencesIn);
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return isReference(value) ? [value] : Object.values(value).flatMap(referencesIn);
}

function isReference(value: object): value is ArtifactRef {
  const { kind, sha256, bytes } = value as Partial<ArtifactRef>;
  return typeof kind === 'string' && typeof sha256 === 'string' && typeof bytes === 'number';
}
