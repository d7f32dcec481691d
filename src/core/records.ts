/** The tables of the loop. Each is stored as JSON lines in an artifact; units and states are said here once. */

/** One question of the fixed pool, or of a test set. */
export interface Seed {
  readonly id: string;
  readonly question: string;
  /** The reference answer; `null` where the pool has none. */
  readonly answer: string | null;
  /** The group that per-stratum figures use (operator, level, hops). */
  readonly stratum: string;
}

/** The student's own answer to a seed. The token ids are kept because decoding and encoding again is not the identity. */
export interface Prediction {
  readonly id: string;
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** `length`: cut by the token limit before the student ended its turn. */
  readonly finish: 'stop' | 'length';
  /** As in an evaluated answer; asked for only where the strategy scores by right and wrong. */
  readonly secondOpinion?: string;
}

/** What the student's forward pass says of one answer; means are derived downstream. Natural logarithms. */
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
 * A judge's grade of the student's own answer, marks from 1 to 10. `ungraded`: no reply could be read, however often it
 * was asked. `incomparable`: there is no reference to compare with. `refused`: a cap left it out.
 */
export interface Grade {
  readonly id: string;
  readonly state: 'graded' | 'ungraded' | 'incomparable' | 'refused';
  readonly student: number | null;
  /** Of the reference answer beside it, where the two were compared. */
  readonly reference: number | null;
  /** Requests that were made for it, by hash, in the order asked; the last ones of each kind hold the marks. */
  readonly requests: readonly string[];
}

/** One row that k-means++ took: its place among the embeddings, and its squared distance from those taken before. */
export interface Draw {
  readonly rank: number;
  readonly index: number;
  readonly distance: number;
}

/** One seed of a selection, in rank order from 0. What all picks have in common is in the iteration's `SelectionBasis`. */
export interface Pick {
  readonly rank: number;
  readonly seedId: string;
  /** `null` for strategies that do not score, and for seeds that have no score. */
  readonly score: number | null;
  /** Seeds of equal score stand in ascending order of this number. */
  readonly tieBreak: number;
  /** Why this seed: `top`, `drawn`, ... */
  readonly reason: string;
  /** How often this run had asked the teacher about this seed's question before. */
  readonly askedBefore: number;
}

/** A new question with the teacher's answer, accepted for training. Requests are named by hash, so a killed run has the same rows. */
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
  readonly sampleRequests?: readonly string[];
}

/** A row that was asked for and not accepted, with the reason. */
export interface RejectedRow {
  readonly parent: string;
  readonly iteration: number;
  readonly rank: number;
  /** `call`: the teacher gave no reply; `question`, `answer`: it could not be read; `budget`: it was not asked. */
  readonly stage: 'call' | 'question' | 'answer' | 'duplicate' | 'leak' | 'verify' | 'budget';
  readonly reason: string;
  readonly questionRequest: string | null;
  readonly answerRequest: string | null;
  readonly sampleRequests?: readonly string[];
}

/** A student's answer with its verdict. Three states, never folded into one number. */
export interface EvaluatedAnswer {
  readonly set: string;
  readonly id: string;
  readonly stratum: string;
  readonly text: string;
  readonly answered: boolean;
  readonly wellFormed: boolean;
  readonly correct: boolean;
  /** Of tasks with proofs: whether every step of the answer follows. */
  readonly proof?: 'valid' | 'invalid' | 'absent';
  /** What the engine found where the task's own check did not settle it: correct, incorrect, unreadable, timeout, ... */
  readonly secondOpinion?: string;
}
