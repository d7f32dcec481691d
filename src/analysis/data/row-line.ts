import type { RejectedRow } from '../../core/records';
import type { Labels } from '../results-schema';

/**
 * One pick of a selection that the teacher was asked about, with all that became of it. The row tables of the analysis
 * and the files for others are both made of these.
 */
export interface RowLine {
  readonly run: string;
  readonly labels: Labels;
  readonly strategy: string;
  readonly randomSeed: number;
  readonly iteration: number;
  readonly rank: number;
  /** Of the accepted row. */
  readonly id: string | null;
  readonly verdict: 'accepted' | RejectedRow['stage'];
  readonly verdictReason: string | null;
  readonly parent: string;
  readonly parentQuestion: string;
  readonly parentAnswer: string | null;
  readonly parentStratum: string;
  /** What the student that selected had answered to the seed; `null` where the strategy does not ask. */
  readonly ownAnswer: string | null;
  readonly score: number | null;
  readonly pickReason: string;
  readonly askedBefore: number;
  readonly question: string | null;
  readonly answer: string | null;
  readonly stratum: string | null;
  readonly questionRequest: string | null;
  readonly answerRequest: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly usd: number | null;
  /** Of the student that selected, where the run measured it. */
  readonly parentLoss: number | null;
  readonly loss: number | null;
  /** Rewards of that student's answers, where it selected by them. */
  readonly parentReward: number | null;
  readonly reward: number | null;
  readonly parentCorrect: boolean | null;
  readonly correct: boolean | null;
}
