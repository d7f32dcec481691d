import type { HygieneConfig } from '../config/schema';
import type { RejectedRow } from '../records';
import type { Funnel } from '../run-record';
import type { Task } from '../tasks/task';
import { disagreement } from './agreement';
import type { KnownQuestions, Match } from './known-questions';

/** A question and answer that were bought and could be read. */
export interface Candidate {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
  /** Further answers to the question, where their agreement is asked for; `null` for one that could not be read. */
  readonly others?: readonly (string | null)[] | undefined;
}

/** Why a row is not trained on: its question is not new, gives a test question away, or its answer is wrong. */
export interface Objection {
  readonly stage: 'duplicate' | 'leak' | 'verify';
  readonly reason: string;
}

/**
 * Judges rows one after the other, in the order they are given: of two that are alike the first is kept. A row that is
 * accepted is known from then on.
 */
export class Sieve {
  constructor(
    private readonly task: Task,
    private readonly config: HygieneConfig,
    private readonly known: KnownQuestions,
  ) {}

  judge(candidate: Candidate): Objection | null {
    const objection = this.objectionTo(candidate);
    if (objection === null) {
      this.known.add({ origin: 'row', id: candidate.id, question: candidate.question });
    }
    return objection;
  }

  private objectionTo({ question, answer, others = [] }: Candidate): Objection | null {
    const match = this.known.find(question);
    if (match?.origin === 'test') {
      return { stage: 'leak', reason: describe(match) };
    }
    if (match !== null && this.config.duplicates === 'reject') {
      return { stage: 'duplicate', reason: describe(match) };
    }
    const doubt = this.doubtOf({ question, answer, others });
    return doubt === null ? null : { stage: 'verify', reason: doubt };
  }

  private doubtOf(row: { question: string; answer: string; others: readonly (string | null)[] }): string | null {
    switch (this.config.verify) {
      case 'none':
        return null;
      case 'checker':
        return this.task.verify?.(row.question, row.answer) === false
          ? "the task's checker finds the answer wrong"
          : null;
      case 'agreement':
        return disagreement(this.task, this.config, row);
    }
  }
}

/** Counts what passed each stage, from what was rejected at each. */
export function funnelOf(accepted: number, rejected: readonly Pick<RejectedRow, 'stage'>[]): Funnel {
  const lost = (...stages: readonly RejectedRow['stage'][]) =>
    rejected.filter(({ stage }) => stages.includes(stage)).length;
  const verified = accepted;
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
