/**
 * How a student answered one synthetic row: its own answers to the row's question and to the seed it came from, with
 * their losses. Measured only for the figures on selection; the loop does not read it.
 */
export interface Diagnosis {
  /** The synthetic row. */
  readonly id: string;
  readonly parent: string;
  /** Loss of the student's own answer to the seed, natural logarithm per token; `null` for an empty answer. */
  readonly parentLoss: number | null;
  /** The same for its own answer to the row's question. */
  readonly loss: number | null;
  /** A reward model's grades of the same two answers, in runs that select by them; `null` where a text is too long. */
  readonly parentReward?: number | null;
  readonly reward?: number | null;
  /** Whether its answer agrees with the reference; `null` where the seed has none. */
  readonly parentCorrect: boolean | null;
  /** Whether its answer agrees with the teacher's. */
  readonly correct: boolean;
  /** Its own answer to the row's question. */
  readonly text: string;
}
