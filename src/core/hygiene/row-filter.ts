import type { HygieneConfig } from '../config/schema';
import type { AnswerGrade, RejectedRow } from '../records';
import type { Funnel } from '../run-record';
import type { Task } from '../tasks/task';
import { disagreement } from './agreement';
import type { KnownQuestions, Match } from './known-questions';
import { programDoubt } from './program-verification';

/** A bought question and answer that could be read. */
export interface CandidateRow {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  /** Further answers to the question, for `verify: agreement`; `null` for one that could not be read. */
  readonly others?: readonly (string | null)[] | undefined;
  /** What the user's program said of the answer, for `verify: checker`. */
  readonly verification?: AnswerGrade | undefined;
}

/** Why a row is not used for training: its question is not new or leaks a test question, or its answer is wrong. */
export interface Rejection {
  readonly stage: 'duplicate' | 'leak' | 'verify';
  readonly reason: string;
}

/**
 * Checks rows in the order they are given: of two similar ones the first is kept. An accepted row is a known question from
 * then on.
 */
export class RowFilter {
  constructor(
    private readonly task: Task,
    private readonly config: HygieneConfig,
    private readonly known: KnownQuestions,
  ) {}

  reject(candidate: CandidateRow): Rejection | null {
    const rejection = this.rejectionOf(candidate);
    if (rejection === null) {
      this.known.add({ origin: 'row', id: candidate.id, question: candidate.question });
    }
    return rejection;
  }

  private rejectionOf(candidate: CandidateRow): Rejection | null {
    const rejection = questionRejection(this.known.find(candidate.question), this.config);
    if (rejection !== null) {
      return rejection;
    }
    const doubt = this.doubtOf(candidate);
    return doubt === null ? null : { stage: 'verify', reason: doubt };
  }

  private doubtOf({ question, answer, others = [], verification }: CandidateRow): string | null {
    switch (this.config.verify) {
      case 'none':
        return null;
      case 'checker':
        if (verification !== undefined) {
          return programDoubt(verification);
        }
        return this.task.verify?.(question, answer) === false ? "the task's checker finds the answer wrong" : null;
      case 'agreement':
        return disagreement(this.task, this.config, { question, answer, others });
    }
  }
}

/** Why a question like that known one is not kept, whatever its answer will be; `null` where it may be. */
export function questionRejection(
  match: Match | null,
  { duplicates }: Pick<HygieneConfig, 'duplicates'>,
): Rejection | null {
  if (match?.origin === 'test') {
    return { stage: 'leak', reason: describe(match) };
  }
  return match !== null && duplicates === 'reject' ? { stage: 'duplicate', reason: describe(match) } : null;
}

/** Counts the rows that passed each stage, from those rejected at each. */
export function funnelOf(accepted: number, rejected: readonly Pick<RejectedRow, 'stage'>[]): Funnel {
  const lost = (...stages: readonly RejectedRow['stage'][]) =>
    rejected.filter(({ stage }) => stages.includes(stage)).length;
  const verified = accepted + lost('student');
  const clean = verified + lost('verify');
  const fresh = clean + lost('leak');
  const parsed = fresh + lost('duplicate');
  const answered = parsed + lost('question', 'answer');
  return { asked: answered + lost('call'), answered, parsed, new: fresh, clean, verified, accepted };
}

const names = { test: 'test question', pool: 'seed', row: 'row' } as const;

const describe = ({ origin, id, similarity }: Match) =>
  similarity === 1
    ? `the same as ${names[origin]} ${id}`
    : `near ${names[origin]} ${id}: ROUGE-L ${similarity.toFixed(2)}`;
