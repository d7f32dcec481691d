import type { Seed } from '../records';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Text from a model, read. A failure to read is a state with its reason, never an exception. */
export type Parsed = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

export interface Verdict {
  /** The student said something at all. */
  readonly answered: boolean;
  /** What it said has the form of an answer. */
  readonly wellFormed: boolean;
  readonly correct: boolean;
}

/** The pool and the named test sets of one task. `test` is drawn like the pool; `balanced`, where there is one, has every stratum equally often. */
export interface TaskData {
  readonly pool: readonly Seed[];
  readonly tests: Readonly<Record<string, readonly Seed[]>>;
}

/**
 * Everything the loop needs to know of a task. Pure: no files, no clock, randomness only from the seed it is given.
 * A new task is one file that exports one of these, and its line in `tasks/index.ts`.
 */
export interface Task {
  /** Part of the prompts' text and so of every request's identity. Raise it when a prompt changes. */
  readonly promptVersion: number;
  /** Every character of questions and answers, for the `tiny` student's tokenizer; `null` where the text is open. */
  readonly alphabet: string | null;
  /** Generated tasks make their data here, from their options and a seed. */
  makeData(seed: number): TaskData;
  /** What the student reads for a question. */
  studentPrompt(question: string): string;
  /** The first request of a row: one new question from one seed. */
  questionMessages(seed: Seed): readonly ChatMessage[];
  /** The second request of a row: a worked answer to the new question. */
  answerMessages(question: string): readonly ChatMessage[];
  parseQuestion(text: string): Parsed;
  parseAnswer(text: string, question: string): Parsed;
  check(question: string, reference: string, answer: string): Verdict;
  stratum(question: string): string;
  /** Two questions with the same canonical form are duplicates. */
  canonical(question: string): string;
}
