import type { RunContext } from '../activities/run-context';
import type { ArtifactRef, ModelRef } from '../core/artifact-ref';
import type { AcceptedRejections } from '../core/hygiene/useless-rows';
import type { Steering } from '../core/steering';

export interface IterationInput extends RunContext {
  readonly iteration: number;
  /** The student that answers and is scored: the base in iteration 1, then the one of the iteration before. */
  readonly student: ModelRef;
  /** Records of all finished iterations; `null` before the first. */
  readonly finishedIterations: ArtifactRef | null;
  readonly rowsWanted: number;
  readonly steering: Steering;
  /** What a person accepted in an earlier iteration, so that it stops this one only where it has become worse. */
  readonly acceptedRejections?: AcceptedRejections;
}
