import type { ArtifactRef, ModelRef } from './artifact-ref';
import type { IterationRecord, RunRecord } from './run-record';
import { accuracyOf } from './statistics/accuracy';

/**
 * The weights of students that `student.keep` lets go: of all finished iterations but the last, and with `best` but the
 * most accurate; of equally accurate ones the later stays. What the base or a kept student shares stays too.
 */
export function weightsToDrop({ config, prepared, iterations }: Pick<RunRecord, 'config' | 'prepared' | 'iterations'>) {
  const keep = config.student.keep ?? 'all';
  if (keep === 'all') {
    return [];
  }
  const kept = [prepared.base, ...iterations.slice(-1).map(({ student }) => student)];
  const best = keep === 'best' ? mostAccurate(iterations) : undefined;
  const staying = new Set([...kept, ...(best === undefined ? [] : [best.student])].flatMap(partsOf).map(hashOf));
  const dropped = new Map<string, ArtifactRef>();
  for (const ref of iterations.flatMap(({ student }) => partsOf(student))) {
    if (!staying.has(ref.sha256)) {
      dropped.set(ref.sha256, ref);
    }
  }
  return [...dropped.values()];
}

function mostAccurate(iterations: readonly IterationRecord[]): IterationRecord | undefined {
  const accuracy = ({ evaluation }: IterationRecord) => accuracyOf(evaluation.overall) ?? -1;
  return iterations.reduce<IterationRecord | undefined>(
    (best, one) => (best === undefined || accuracy(one) >= accuracy(best) ? one : best),
    undefined,
  );
}

/** The artifacts that a student is made of. */
export const partsOf = ({ base, adapter }: ModelRef): ArtifactRef[] =>
  adapter === undefined ? [base] : [base, adapter];

const hashOf = ({ sha256 }: ArtifactRef) => sha256;
