import type { ArtifactRef, ModelRef } from './artifact-ref';
import type { RunConfig } from './config/schema';

/** What a run has spent, as its budget counts it: shared answers are charged at their recorded price. Integers only. */
export interface Spend {
  readonly samples: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly priceMicroUsd: number;
  /** Held back at worst-case price by calls whose outcome was lost. */
  readonly unknownCalls: number;
  readonly unknownTokens: number;
  readonly unknownMicroUsd: number;
}

/** Right answers out of all, for one group of questions. */
export interface Tally {
  readonly correct: number;
  readonly wellFormed: number;
  readonly answered: number;
  readonly total: number;
  /** Answers with a valid proof; of tasks with proofs alone. */
  readonly proof?: number;
}

/** One evaluation in numbers; the answers behind it are in the artifact. */
export interface EvaluationSummary {
  readonly answers: ArtifactRef;
  /** Over the test set that is drawn like the pool. */
  readonly overall: Tally;
  /** By stratum, over the balanced test set where the task has one, else over `test`. The macro accuracy is the mean over these. */
  readonly strata: Readonly<Record<string, Tally>>;
}

export interface PreparedRun {
  readonly pool: ArtifactRef;
  readonly tests: Readonly<Record<string, ArtifactRef>>;
  readonly base: ModelRef;
  /** Rows the base learnt in its warm-up; `null` without one. */
  readonly baseRows: ArtifactRef | null;
}

/** What became of an iteration's picks: each stage counts what passed it and all before it. */
export interface Funnel {
  /** Picks that were put to the teacher. */
  readonly asked: number;
  /** The teacher replied to every request of them. */
  readonly answered: number;
  /** Question and answer could be read. */
  readonly parsed: number;
  /** The question is none of the pool's or of an earlier row. */
  readonly new: number;
  /** Nor one of a test set. */
  readonly clean: number;
  /** The answer was not found wrong, where `hygiene.verify` asks. */
  readonly verified: number;
  readonly accepted: number;
}

/** What all picks of a selection have in common; with the measurements and the pool, all that is needed to make it again. */
export interface SelectionBasis {
  /** The student whose answers were looked at. */
  readonly student: ModelRef;
  /** A pick's tie-break is `stableHash(...stream, seedId)`. */
  readonly stream: readonly (string | number)[];
  /** Places of the ranking that were passed over, because earlier iterations of a pool that is ranked once had them. */
  readonly skip: number;
  /** Picks that were made, replacements included. */
  readonly count: number;
}

/** What an iteration hands back: references and counts. */
export interface IterationOutcome {
  readonly iteration: number;
  /** `null` where the strategy needs none. */
  readonly predictions: ArtifactRef | null;
  readonly scores: ArtifactRef | null;
  readonly selection: ArtifactRef;
  readonly selectedBy: SelectionBasis;
  readonly rows: ArtifactRef;
  readonly rejected: ArtifactRef;
  /** Picks that were put to the teacher: a prefix of the selection, in rank order. */
  readonly asked: number;
  readonly accepted: number;
  /** Picks that a cap left out. */
  readonly refused: number;
  /** Absent in records of versions that did not count it. */
  readonly funnel?: Funnel;
  /** Reason -> rows that were rejected for it; absent where the funnel is. */
  readonly reasons?: Readonly<Record<string, number>>;
  readonly student: ModelRef;
  readonly evaluation: EvaluationSummary;
  /** How the student that selected met the new rows; only with `analyses: true`. */
  readonly reflection?: ArtifactRef;
}

export interface IterationRecord extends IterationOutcome {
  /** The run's spend when the iteration ended. */
  readonly spend: Spend;
}

export type RunState = 'running' | 'complete' | 'stopped';

/** A run as it is stored in the workspace after every iteration; everything drawn later is drawn from this and its artifacts. */
export interface RunRecord {
  readonly run: string;
  readonly experiment: string | null;
  readonly config: RunConfig;
  readonly state: RunState;
  /** Why no further iteration followed: `iterations`, `budget`. */
  readonly endedBecause: string | null;
  readonly prepared: PreparedRun;
  readonly baseEvaluation: EvaluationSummary;
  readonly iterations: readonly IterationRecord[];
  /** How the base and the final student met all rows of a random run; only with `analyses: true`. */
  readonly reflections?: { readonly first: ArtifactRef; readonly final: ArtifactRef };
}
