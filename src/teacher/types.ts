import type { WorstCase } from '../core/budget/price';
import type { Seed } from '../core/records';
import type { Charge } from '../store/ledger';
import type { Batches } from './batch/wave';

/** One new row, asked for from one seed. */
export interface RowOrder {
  readonly rank: number;
  readonly seed: Seed;
  /** How often this run had asked about this seed before: a repeat gets a new answer. */
  readonly askedBefore: number;
}

/** One more answer to a row's question; `null` where there is none that can be read. */
export interface AnswerSample {
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
      readonly samples?: readonly AnswerSample[];
    }
  | {
      readonly state: 'rejected';
      readonly stage: 'question' | 'answer';
      /** There is no reply to that request, rather than one that could not be read. */
      readonly isUnanswered?: true;
      readonly reason: string;
      readonly questionRequest: string;
      readonly answerRequest: string | null;
    }
  | {
      readonly state: 'refused';
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
  readonly signal: AbortSignal;
  /** Called at every row, and every second. */
  readonly onProgress?: (progress: BuyProgress) => void;
}

export interface Teacher {
  /**
   * One new question and its worked answer for every order, in rank order. Doing it again costs nothing for what is
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
