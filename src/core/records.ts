/** The tables of the loop. Each is stored as JSON lines in an artifact. This is the only place that defines units and states. */

/**
 * `unreadable`: the answer cannot be read, which is not the same as wrong. `unmeasured`: the reference cannot be read, or
 * whatever settles the comparison ran out of time.
 */
export type VerdictState = 'correct' | 'wrong' | 'unreadable' | 'unmeasured';

/** One question of the fixed pool, or of a test set. */
export interface Seed {
  readonly id: string;
  readonly question: string;
  /** The reference answer; `null` where the pool has none. */
  readonly answer: string | null;
  /** The group that per-stratum figures use (operator, level, hops). */
  readonly stratum: string;
  /** Other seeds, for a teacher that is shown examples. */
  readonly examples?: readonly { readonly question: string; readonly answer: string }[];
}

/** The student's own answer to a seed. The token ids are kept because encoding the decoded text does not always give the same ids. */
export interface Prediction {
  readonly id: string;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** `length`: cut off by the token limit before the student ended its turn. */
  readonly finish: 'stop' | 'length' | 'unreadable';
  /** Further sampled answers, with `student.predict.answers`. */
  readonly others?: readonly Pick<Prediction, 'text' | 'tokenIds' | 'finish'>[];
  /** As in an evaluated answer; only where the strategy scores by right and wrong. */
  readonly secondOpinion?: string;
}

/**
 * What the student's forward pass says about one answer; means are derived downstream. Natural logarithms. With several
 * answers to a seed each number is the mean over them.
 */
export interface AnswerLoss {
  readonly id: string;
  readonly nllSum: number;
  readonly tokens: number;
  readonly entropySum: number;
}

/** A reward model's grade of the student's own answer: the raw logit, `null` where the text is too long for the model. */
export interface Reward {
  readonly id: string;
  readonly reward: number | null;
}

/**
 * A judge's grade of the student's own answer, marks from 1 to 10. `ungraded`: no reply was readable, even after
 * asking again. `incomparable`: there is no reference to compare with. `overBudget`: a cap excluded it.
 */
export interface Grade {
  readonly id: string;
  readonly state: 'graded' | 'ungraded' | 'incomparable' | 'overBudget';
  readonly student: number | null;
  /** The mark of the reference answer, where the two were compared. */
  readonly reference: number | null;
  /** Hashes of its requests, in order; the last one of each kind has the marks. */
  readonly requests: readonly string[];
  /** What the judge wrote, where it grades for an evaluation. */
  readonly words?: string;
}

/**
 * What a judge or a user's program makes of an answer that the task's own check cannot grade. `ungraded`: no readable grade
 * came, with the reason; `overBudget`: a cap excluded it; `unasked`: the answer says nothing that could be graded.
 */
export interface AnswerGrade {
  readonly state: 'graded' | 'ungraded' | 'overBudget' | 'unasked';
  /** A judge's mark, or a program's score; 1 and 0 stand for right and wrong. */
  readonly mark: number | null;
  /** The mark is a score between right and wrong. */
  readonly isScore?: true;
  readonly reason?: string;
  /** The judge's own words. */
  readonly words?: string;
  /** Hashes of the requests to the judge. */
  readonly requests?: readonly string[];
}

/** One row that k-means++ took: its position among the points, and its squared distance from those taken before. */
export interface Draw {
  readonly rank: number;
  readonly index: number;
  readonly distance: number;
}

/** One seed of a selection, in rank order from 0. What all of them have in common is in the iteration's `SelectionBasis`. */
export interface SelectedSeed {
  readonly rank: number;
  readonly seedId: string;
  /** `null` for strategies that do not score, and for seeds that have no score. */
  readonly score: number | null;
  /** Seeds of equal score are in ascending order of this number. */
  readonly tieBreak: number;
  /** Why this seed: `top`, `drawn`, ... */
  readonly reason: string;
  /** How often this run had already asked the teacher about this seed's question. */
  readonly askedBefore: number;
}

/** A new question with the teacher's answer, accepted for training. Requests are named by hash, so a killed and resumed run has the same rows. */
export interface SyntheticRow {
  readonly id: string;
  readonly parent: string;
  readonly iteration: number;
  readonly rank: number;
  readonly question: string;
  readonly answer: string;
  readonly stratum: string;
  readonly questionRequest: string;
  readonly answerRequest: string;
  /** For further answers to the question, where `hygiene.verify: agreement` asks for them. */
  readonly furtherAnswerRequests?: readonly string[];
}

/** A row that was requested but not accepted, with the reason. */
export interface RejectedRow {
  readonly parent: string;
  readonly iteration: number;
  readonly rank: number;
  /** `call`: the teacher gave no reply; `question`, `answer`: it could not be read; `student`: the student cannot read or hold it; `budget`: it was not asked. */
  readonly stage: 'call' | 'question' | 'answer' | 'duplicate' | 'leak' | 'verify' | 'student' | 'budget';
  readonly reason: string;
  readonly questionRequest: string | null;
  readonly answerRequest: string | null;
  readonly furtherAnswerRequests?: readonly string[];
}

/** One of several sampled answers to a test question. */
export interface SampledAnswer extends EvaluatedAnswer {
  /** 0 is the first. */
  readonly sample: number;
}

/** A student's answer with its verdict. Its states are never folded into one number. */
export interface EvaluatedAnswer {
  readonly set: string;
  readonly id: string;
  readonly stratum: string;
  readonly text: string;
  /** Absent in records of versions that knew right and not right alone. */
  readonly verdict?: VerdictState;
  /** What was read as the answer; `null` where nothing was. */
  readonly readAs?: string | null;
  /** Why the verdict is `unreadable` or `unmeasured`. */
  readonly reason?: string;
  readonly answered: boolean;
  readonly wellFormed: boolean;
  readonly correct: boolean;
  /** From 0 to 1, where the check measures more than right and wrong. */
  readonly score?: number;
  /** Where a judge or a user's program graded the answer. */
  readonly grade?: AnswerGrade;
  /** Cut off at `max_new_tokens`; only where grades come in a later step, which counts it. */
  readonly isTruncated?: boolean;
  /** For tasks with proofs: whether every step of the answer follows. */
  readonly proof?: 'valid' | 'invalid' | 'absent';
  /** What the engine found where the task's own check was not conclusive: correct, incorrect, unreadable, timeout, ... */
  readonly secondOpinion?: string;
}
