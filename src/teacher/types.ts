import type { WorstCase } from '../core/budget/price';
import type { QuestionScreen } from '../core/hygiene/question-screen';
import type { Rejection } from '../core/hygiene/row-filter';
import type { AcceptedRejections } from '../core/hygiene/useless-rows';
import type { AnswerGrade, Seed } from '../core/records';
import type { GradeKind } from '../core/strategies';
import type { JudgeGrader } from '../core/tasks/task';
import type { Charge } from '../store/ledger';

/** One new row, asked for from one seed. */
export interface RowOrder {
  readonly rank: number;
  readonly seed: Seed;
  /** How often this run had asked about this seed before: a repeat gets a new answer. */
  readonly askedBefore: number;
}

/** One more answer to a row's question; `null` where no readable one came. */
export interface FurtherAnswer {
  readonly request: string;
  readonly answer: string | null;
}

/**
 * What became of an order. Free of ids and times: the same answers give the same rows, killed or not.
 * `row` names it in the ledger (`dropSamples`).
 */
export type BoughtRow = { readonly rank: number; readonly parent: string; readonly row: string } & (
  | {
      readonly state: 'answered';
      readonly question: string;
      readonly answer: string;
      readonly questionRequest: string;
      readonly answerRequest: string;
      /** Further answers to the question, where they are compared. */
      readonly furtherAnswers?: readonly FurtherAnswer[];
      /** What the user's program said of the answer, where it verifies new rows. */
      readonly verification?: AnswerGrade;
    }
  | {
      readonly state: 'rejected';
      readonly stage: 'question' | 'answer' | Rejection['stage'];
      /** There is no reply to that request, rather than one that could not be read. */
      readonly isUnanswered?: true;
      readonly reason: string;
      readonly questionRequest: string;
      readonly answerRequest: string | null;
    }
  | {
      readonly state: 'overBudget';
      readonly cap: 'samples' | 'tokens' | 'usd';
      readonly account: 'run' | 'experiment';
    }
);

export interface BuyProgress {
  readonly done: number;
  readonly total: number;
  /** What the slowest waits for, in words; `null` while all goes well. */
  readonly waiting: string | null;
}

export interface BuyRequest {
  readonly account: Charge;
  readonly orders: readonly RowOrder[];
  readonly runSeed: number;
  /** No answer is bought to a question that this rejects. */
  readonly screen?: QuestionScreen;
  /** Asks the user's program about a row that can be read. */
  readonly verify?: (row: { readonly question: string; readonly answer: string }) => Promise<AnswerGrade>;
  /** Stops with an error where most of the first rows are paid for and useless. */
  readonly stopsWhenUseless?: boolean;
  /** Reasons for which a person resumed the run before: they stop it only where they have become worse. */
  readonly acceptedRejections?: AcceptedRejections;
  readonly signal: AbortSignal;
  /** Called at every row, and every second. */
  readonly onProgress?: (progress: BuyProgress) => void;
}

/** Rows bought together by batch jobs: one job for the questions, one for the answers, more for what was left over. */
export interface BatchRound extends Pick<BuyRequest, 'account' | 'orders' | 'runSeed' | 'screen'> {
  /** Names the round within the workspace, always the same: its jobs in flight are found by it. */
  readonly name: string;
}

export interface BatchJob {
  readonly id: string;
  readonly requests: number;
}

export interface BatchResult {
  /** Calls that the job answered. */
  readonly settled: number;
  /** The endpoint has too much enqueued already: the job was not begun, and a smaller one is to be made later. */
  readonly isFull: boolean;
}

export interface Batches {
  /**
   * Makes a job of what the round still needs, or finds the one that an earlier attempt made.
   * @param requestsMax the most requests that a new job may have
   * @returns `null` when nothing more is needed, or a cap leaves no room for it; `in-flight` while all that it needs is
   * in flight for another run
   */
  submit(round: BatchRound, requestsMax?: number): Promise<BatchJob | 'in-flight' | null>;
  isEnded(job: string): Promise<boolean>;
  /** Settles what the job answered, and releases what it did not do: the next job asks for that again. */
  collect(round: BatchRound, job: string): Promise<BatchResult>;
  cancel(job: string): Promise<void>;
  /** Releases what the round has reserved and not sent. */
  release(round: BatchRound['name']): Promise<void>;
  /** Ends everything that the round still has reserved: what was sent and not collected becomes unknown. */
  close(round: BatchRound['name']): Promise<void>;
}

export interface Teacher {
  /**
   * One new question and its worked answer for every order, in rank order. Repeating it costs nothing for what is
   * settled. Waits for retries inside; after a cancellation nothing new is sent, and what is out has five seconds.
   * @throws TutelageError `teacher-refused` when the endpoint refuses every request: the run pauses
   * @throws TutelageError `transient` when it stays unreachable or loses replies
   */
  buyRows(request: BuyRequest): Promise<BoughtRow[]>;
  /** With `teacher.mode: batch`: jobs that buy what `buyRows` then reads. */
  readonly batches: Batches;
  /** Upper bound of all calls of a row together. */
  worstRow(order: Pick<RowOrder, 'seed'>): WorstCase;
}

/** One answer of the student to be graded. */
export interface AnswerToGrade {
  readonly seed: Seed;
  readonly answer: string;
}

export interface GradesRequest {
  readonly account: Charge;
  /** `judge` and `lion` score seeds for a strategy; `verdict` grades answers for a task that has a judge. */
  readonly kind: GradeKind | 'verdict';
  /** Needed for `verdict`: what the judge is asked, and how its marks are read. */
  readonly grader?: JudgeGrader;
  readonly answers: readonly AnswerToGrade[];
  readonly runSeed: number;
  /** No answer is bought to a question that this rejects. */
  readonly screen?: QuestionScreen;
  /** Stops with an error where most of the first rows are paid for and useless. */
  readonly stopsWhenUseless?: boolean;
  readonly signal: AbortSignal;
  /** Called at every call. */
  readonly onProgress?: (progress: BuyProgress) => void;
}
