import { createHash } from 'node:crypto';
import type { ArtifactKind, ArtifactRef, ModelRef } from '../core/artifact-ref';
import { canonicalJson } from '../core/canonical-json';
import { TutelageError } from '../core/errors';

/** One piece of work for the student engine. Equal jobs are the same job: they are done once, ever, in a workspace. */
export interface StudentJob {
  readonly op: string;
  /** `null` for operations that start from nothing. */
  readonly model: ModelRef | null;
  readonly inputs: Readonly<Record<string, readonly ArtifactRef[]>>;
  /** Plain JSON; what an operation takes is checked by the engine. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Part of the job's identity: summing in another order gives different bits. */
  readonly threads: number;
  /** How the model is read and run, where that is not the engine's default; part of the job's identity. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** How long the engine may say nothing during this job; not part of its identity. */
  readonly stallSeconds?: number;
}

export interface StudentResult {
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, ArtifactRef>>;
}

/**
 * An output that an operation promises.
 *
 * @throws TutelageError `damaged`: the job finished without it, which doing it again would not change.
 */
export function outputOf({ outputs }: Pick<StudentResult, 'outputs'>, name: string): ArtifactRef {
  const output = outputs[name];
  if (output === undefined) {
    const given = Object.keys(outputs).join(', ') || 'none';
    throw new TutelageError(
      'damaged',
      `the student engine finished a job without its output ${name} (outputs: ${given})`,
      'the engine and tutelage are of different versions: install tutelage again',
    );
  }
  return output;
}

export interface StudentProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly note?: string;
}

/** What the job is made of: content hashes and numbers, no paths, so a copied workspace finds its finished jobs. */
export function jobIdentity(job: StudentJob, engineVersion: number): object {
  return {
    engine: engineVersion,
    op: job.op,
    model: job.model && { base: job.model.base.sha256, adapter: job.model.adapter?.sha256 ?? null },
    inputs: Object.fromEntries(
      Object.entries(job.inputs).map(([name, refs]) => [name, refs.map(({ sha256 }) => sha256)]),
    ),
    parameters: job.parameters,
    threads: job.threads,
    // The settings that a job of an older version did not have must not rename it.
    ...(job.settings === undefined ? {} : { settings: job.settings }),
  };
}

/** The name of the job's directory. */
export function jobHash(job: StudentJob, engineVersion: number): string {
  return sha256(canonicalJson(jobIdentity(job, engineVersion)));
}

/** Tells the engine whether it already has the model in memory. */
export function modelKey({ base, adapter }: ModelRef): string {
  return adapter === undefined ? base.sha256 : sha256(`${base.sha256}+${adapter.sha256}`);
}

const OUTPUT_KINDS: Readonly<Record<string, ArtifactKind>> = {
  model: 'model',
  adapter: 'model',
  predictions: 'predictions',
  scores: 'scores',
  rewards: 'scores',
  indices: 'scores',
  'gradient-sketches': 'gradient-sketches',
  pairs: 'pairs',
};

export const outputKind = (name: string): ArtifactKind => OUTPUT_KINDS[name] ?? 'job-output';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
