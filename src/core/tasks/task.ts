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
  /** Of tasks with proofs: whether every step follows. `absent`: the answer is a bare label. */
  readonly proof?: 'valid' | 'invalid' | 'absent';
}

/** The pool and the named test sets of one task. `test` is drawn like the pool; `balanced`, where there is one, has every stratum equally often. */
export interface TaskData {
  /** In order; it may be walked again, and a large one is made while it is walked. */
  readonly pool: Iterable<Seed>;
  readonly tests: Readonly<Record<string, readonly Seed[]>>;
}

/** One row of a data file, as the task understands it. */
export interface FileRow {
  readonly question: string;
  readonly answer: string;
  readonly stratum: string;
}

/** A published file, pinned: the same bytes on every machine. */
export interface PublishedFile {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly license: string;
}

export type FileSource = { readonly path: string } | { readonly published: PublishedFile };

/** The files a task reads, and how it reads their records. */
export interface TaskFiles {
  readonly train: FileSource;
  readonly test: FileSource;
  /** How many rows are drawn of each; all of them unless said otherwise. */
  readonly sizes: { readonly pool?: number | undefined; readonly test?: number | undefined };
  /** `row: null` leaves the record out (a level that is not wanted). */
  readRecord(
    record: Readonly<Record<string, unknown>>,
  ): { readonly ok: true; readonly row: FileRow | null } | { readonly ok: false; readonly reason: string };
}

/** An operation of the student engine that may find an answer right which `check` found readable and wrong. */
export interface SecondOpinion {
  readonly op: 'verify-math';
  /** What is compared, as the operation reads it. */
  pair(reference: string, answer: string): { readonly reference: string; readonly answer: string };
}

/**
 * Everything the loop needs to know of a task. Pure: no files, no clock, randomness only from the seed it is given.
 * A new task is one file that exports one of these, its options in the schema, and its line in `tasks/index.ts`.
 */
export interface Task {
  /** Part of the prompts' text and so of every request's identity. Raise it when a prompt changes. */
  readonly promptVersion: number;
  /** Every character of questions and answers, for the `tiny` student's tokenizer; `null` where the text is open. */
  readonly alphabet: string | null;
  /** What the `tiny` student reads as one token: a character, or a whole word or number where answers repeat those of the question. */
  readonly tinyReads: 'characters' | 'words';
  /** `null` where the task makes its data itself. */
  readonly files: TaskFiles | null;
  /**
   * Pool and test sets, from the run's seed, of a task without files.
   * @throws RangeError where the options ask for more than there is
   */
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
  /** `null` where `check` is the last word. */
  readonly secondOpinion: SecondOpinion | null;
  /** Whether an answer is right, told from the question alone; `null` where the task cannot tell. */
  readonly verify: ((question: string, answer: string) => boolean) | null;
  /** The group of a question; of a new one whose text does not say it, that of the seed it came from. */
  stratum(question: string, parent: Seed | null): string;
  /** Two questions with the same canonical form are duplicates. */
  canonical(question: string): string;
  /**
   * How a new question is told from known ones. `closed-set`: all questions there are lie in the pool and the test set,
   * so nothing is new and nothing leaks. `exact`: by its canonical form. `near`: by its wording too.
   */
  readonly novelty: 'closed-set' | 'exact' | 'near';
  /** Whether `provider: offline` can teach it. */
  readonly hasOfflineTeacher: boolean;
}

/** The verdict on an answer that says nothing. */
export const unanswered: Verdict = { answered: false, wellFormed: false, correct: false };

/** A model's text in a reason: short, on one line. */
export const quote = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
