import type { ArtifactRef, ModelRef } from './artifact-ref';
import type { RunConfig } from './config/schema';
import type { AcceptedRejections } from './hygiene/useless-rows';
import type { Interval } from './statistics/interval';

/** What a run has spent, as its budget counts it: shared answers are charged at their recorded price. */
export interface Spend {
  readonly samples: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of settled calls. */
  readonly usd: number;
  /** Reserved at worst case for calls whose outcome was lost. */
  readonly unknownCalls: number;
  readonly unknownTokens: number;
  readonly unknownUsd: number;
  /** What the endpoint's counters said that it could not be held to; absent where every count was within its bounds. */
  readonly billing?: Billing;
}

/** Settled calls whose reported usage was not what the request allows. */
export interface Billing {
  /** Billed above the reserved worst case, and by how much in all. */
  readonly aboveWorstCalls: number;
  readonly aboveWorstTokens: number;
  readonly aboveWorstUsd: number;
  /** Reported a hundred times the worst case or more: booked at the worst case. */
  readonly absurdCalls: number;
  /** Reported nothing, or less than the texts can have: estimated from the texts. */
  readonly estimatedCalls: number;
}

/** Counts of answers for one group of questions. */
export interface Tally {
  readonly correct: number;
  readonly wellFormed: number;
  readonly answered: number;
  readonly total: number;
  /** Answers cut off at `max_new_tokens`; absent in records of versions that did not count them. */
  readonly truncated?: number;
  /** Answers that could not be read: neither right nor wrong. */
  readonly unreadable?: number;
  /** Answers whose reference could not be read, or whose comparison timed out: they count in no figure. */
  readonly unmeasured?: number;
  /** Sum of the scores of measured answers, where the check gives scores; an answer that cannot be read scores 0. */
  readonly scoreSum?: number;
  /** 95 % interval of the mean score over the questions. */
  readonly scoreInterval?: Interval;
  /** Answers with a valid proof; only for tasks with proofs. */
  readonly proof?: number;
}

/** One evaluation in numbers; the answers behind it are in the artifact. */
export interface EvaluationSummary {
  readonly answers: ArtifactRef;
  /** Over the test set that is drawn like the pool. */
  readonly overall: Tally;
  /** By stratum, over the balanced test set where the task has one, else over `test`. The macro accuracy is the mean over these. */
  readonly strata: Readonly<Record<string, Tally>>;
  /** With `evaluate.answers` alone. */
  readonly sampled?: SampledEvaluation;
}

/** A share of questions with its 95 % interval over them. */
export interface MeasuredShare {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** Several sampled answers to each question of the test set that is drawn like the pool. */
export interface SampledEvaluation {
  /** The sampled answers with their verdicts. */
  readonly table: ArtifactRef;
  /** Answers to each question. */
  readonly answers: number;
  /** Questions with at least one measured answer. */
  readonly questions: number;
  /** Right answers: the mean over questions of each one's share. */
  readonly mean: MeasuredShare;
  /** k -> questions of which at least one of k answers is right, k = 1, 2, 4, ... and all. */
  readonly passAt: Readonly<Record<string, MeasuredShare>>;
  /** Questions whose most frequent answer is right. */
  readonly majority: MeasuredShare;
}

export interface PreparedRun {
  readonly pool: ArtifactRef;
  readonly tests: Readonly<Record<string, ArtifactRef>>;
  readonly base: ModelRef;
  /** The commit of the hub that the student's base was taken from. Absent for other bases, and in records of older versions. */
  readonly baseRevision?: string;
  /** Rows the base learnt in its warm-up; `null` without one. */
  readonly baseRows: ArtifactRef | null;
}

/** What became of an iteration's selected seeds: each stage counts what passed it and all stages before it. */
export interface Funnel {
  /** Seeds that the teacher was asked about. */
  readonly asked: number;
  /** Of those, every request got a reply. */
  readonly answered: number;
  /** Question and answer could be read. */
  readonly parsed: number;
  /** The question is not in the pool and not in an earlier row. */
  readonly new: number;
  /** It is not in a test set either. */
  readonly clean: number;
  /** The answer was not found wrong, where `hygiene.verify` asks. */
  readonly verified: number;
  readonly accepted: number;
}

/** What all seeds of a selection have in common. Together with the measurements and the pool it determines the selection. */
export interface SelectionBasis {
  /** The student whose answers were scored. */
  readonly student: ModelRef;
  /** A seed's tie-break is `stableHash(...stream, seedId)`. */
  readonly stream: readonly (string | number)[];
  /** Ranks that were skipped, because earlier iterations used them; only where the pool is ranked once. */
  readonly skip: number;
  /** Seeds that were selected, replacements included. */
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
  /** Seeds that the teacher was asked about: a prefix of the selection, in rank order. */
  readonly asked: number;
  readonly accepted: number;
  /** Seeds that a cap excluded. */
  readonly overBudget: number;
  /** Absent in records of versions that did not count it. */
  readonly funnel?: Funnel;
  /** Reason -> rows that were rejected for it; absent where the funnel is. */
  readonly reasons?: Readonly<Record<string, number>>;
  readonly student: ModelRef;
  /** Rows that the finetune had to leave out; absent where there were none. */
  readonly droppedRows?: number;
  /** Reasons for which a person resumed the run although they took most of its first rows; absent where there are none. */
  readonly acceptedRejections?: AcceptedRejections;
  readonly evaluation: EvaluationSummary;
  /** How the student that selected the seeds answered the new rows; only with `analyses: true`. */
  readonly diagnosis?: ArtifactRef;
}

export interface IterationRecord extends IterationOutcome {
  /** What the calls of this iteration and of those before it have cost. */
  readonly spend: Spend;
}

export type RunState = 'running' | 'complete' | 'stopped';

/** A run as it is stored in the workspace after every iteration; every report is made from this and its artifacts. */
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
  /** How the base and the final student answered all rows of a random run; only with `analyses: true`. */
  readonly diagnoses?: { readonly first: ArtifactRef; readonly final: ArtifactRef };
}
