import type { Grader, Parsed, SecondOpinion, Verdict } from '../task';

/** One way to compare an answer with its reference. */
export interface AnswerCheck {
  /** What a reference says, as people read it; or why it cannot be a reference. */
  readReference(reference: string): Parsed;
  /** What an answer says; or why it cannot be read. */
  readAnswer(answer: string): Parsed;
  grade(reference: string, answer: string): Verdict;
  /** `null` where `grade` is the last word. */
  readonly secondOpinion: SecondOpinion | null;
  /** Who grades where `grade` can measure nothing itself. */
  readonly grader?: Grader;
}
