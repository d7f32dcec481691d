/** What an artifact holds. The kind is for people and audits; the address is the hash alone. */
export type ArtifactKind =
  | 'pool'
  | 'test-set'
  | 'plans'
  | 'prompts'
  | 'model'
  | 'predictions'
  | 'scores'
  | 'grades'
  | 'gradient-sketches'
  | 'pairs'
  | 'selection'
  | 'picked-seeds'
  | 'bought-rows'
  | 'rows'
  | 'rejected-rows'
  | 'training-rows'
  | 'evaluation'
  | 'diagnosis'
  | 'iterations'
  | 'history'
  | 'job-output';

/**
 * A reference to immutable content in the workspace's store. References cross Temporal; content never does.
 * A directory (a model) is stored as one artifact per file and a manifest; its reference is the manifest's.
 */
export interface ArtifactRef {
  readonly kind: ArtifactKind;
  readonly sha256: string;
  readonly bytes: number;
  /** Number of records, where the artifact is a table. */
  readonly rows?: number;
  /** Number of parts of a large table, whose artifact is the ordered list of references to its parts. */
  readonly parts?: number;
}

/** A student's weights: a complete model directory, or one with a PEFT adapter on top. */
export interface ModelRef {
  readonly base: ArtifactRef;
  readonly adapter?: ArtifactRef;
}
