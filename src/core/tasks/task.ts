import type { RandomStream } from '../random';
import type { Seed, VerdictState } from '../records';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What the student reads: one turn of the user, as its text, or the turns of a conversation, the user's last. */
export type StudentPrompt = string | readonly ChatMessage[];

/** Parsed text of a model. A failure is a state with its reason, never an exception. */
export type Parsed = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly reason: string };

export interface Verdict {
  readonly state: VerdictState;
  /** What was read as the answer; `null` where nothing was. */
  readonly readAs: string | null;
  /** Why there is no measured verdict. */
  readonly reason?: string;
  /** The student wrote something at all. */
  readonly answered: boolean;
  /** The answer could be read. */
  readonly wellFormed: boolean;
  readonly correct: boolean;
  /** How good the answer is, from 0 to 1, where the check measures more than right and wrong. */
  readonly score?: number;
  /** For tasks with proofs: whether every step follows. `absent`: the answer is only a label. */
  readonly proof?: 'valid' | 'invalid' | 'absent';
}

/** The pool and the named test sets of one task. `test` is drawn like the pool; `balanced`, where there is one, has equally many questions of every stratum. */
export interface TaskData {
  /** In order. It can be iterated repeatedly; a large one is generated during iteration. */
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

/** A part of the training file, chosen by a hash of each question: it stays the same when rows are added. */
export interface SharedFile {
  readonly share: number;
  readonly seed: number;
}

/** Why a row cannot be used. */
interface BadRow {
  readonly ok: false;
  readonly reason: string;
  /** The reason without what only this row says: rows of one kind are told in one sentence. Default: the reason without its last quotation. */
  readonly kind?: string;
}

/** The files a task reads, and how it reads their records. */
export interface TaskFiles {
  readonly train: FileSource;
  readonly test: FileSource | SharedFile;
  /** What becomes of rows that cannot be used: they are refused, all at once, or left out and counted. Default: refused. */
  readonly onBadRows?: 'fail' | 'skip';
  /** How many examples from other seeds a request to the teacher shows; default: none. */
  readonly examples?: number | undefined;
  /** How many rows to draw from each; default: all. */
  readonly sizes: { readonly pool?: number | undefined; readonly test?: number | undefined };
  /** `row: null` leaves the record out (a level that is not used). */
  readRecord(record: Readonly<Record<string, unknown>>): { readonly ok: true; readonly row: FileRow | null } | BadRow;
}

/** An operation of the student engine that may overrule `check` where it found an answer readable but wrong. */
export interface SecondOpinion {
  readonly op: 'verify-math';
  /** The texts to compare, in the form that the operation reads; `null` where `check` has the last word. */
  pair(reference: string, answer: string): { readonly reference: string; readonly answer: string } | null;
}

/** A model that grades answers: what it is asked, and how its mark becomes a verdict. */
export interface JudgeGrader {
  readonly kind: 'judge';
  /** `null` for an answer that says nothing: its verdict is that of `check`. */
  messages(question: string, reference: string, answer: string): readonly ChatMessage[] | null;
  /** The mark of a reply; `null` where the reply has none in the form asked for. */
  readMark(reply: string): number | null;
  verdict(answer: string, mark: number): Verdict;
}

/** A program of the user that grades answers. */
export interface CommandGrader {
  readonly kind: 'command';
  readonly program: CheckProgram;
}

/** How a user's program is run. */
export interface CheckProgram {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The working directory, absolute. */
  readonly folder: string;
  /** Limit for one answer. */
  readonly secondsMax: number;
  /** Limit of the program's address space, where the system can set one. */
  readonly memoryMiBMax: number;
}

/** What a user's program is told of one answer. */
export interface ProgramAnswer {
  readonly question: string;
  readonly reference: string | null;
  readonly answer: string;
}

export type Grader = JudgeGrader | CommandGrader;

/**
 * Everything the loop needs to know of a task. Pure: no files, no clock, randomness only from the seed it is given.
 * How to add one: ARCHITECTURE.md, "Adding a task".
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
  /** Absolute paths of the user's own code, pinned like data files. A path that names no file (an option, a name) is ignored. */
  readonly code?: readonly string[];
  /**
   * Pool and test sets, from the run's seed, of a task without files.
   * @throws RangeError where the options ask for more questions than exist
   */
  makeData(seed: number): TaskData;
  /** What the student reads for a question. */
  studentPrompt(question: string): StudentPrompt;
  /** The first request of a row: one new question from one seed. */
  questionMessages(seed: Seed): readonly ChatMessage[];
  /** The second request of a row: a worked answer to the new question. */
  answerMessages(question: string, seed?: Seed): readonly ChatMessage[];
  /** `parent`: the seed that the question was written from, where there is one. */
  parseQuestion(text: string, parent?: Seed): Parsed;
  parseAnswer(text: string, question: string): Parsed;
  /**
   * The part of a question that the teacher writes anew, which is what must differ from known questions: of a conversation
   * the last turn. Absent: all of it.
   */
  newPart?(question: string): string;
  check(question: string, reference: string, answer: string): Verdict;
  /** `null` where `check` is the last word. */
  readonly secondOpinion: SecondOpinion | null;
  /** Who has the last word where `check` can measure nothing itself. Absent: `check` does. */
  readonly grader?: Grader | null;
  /** Whether an answer is right, decided from the question alone; `null` where the task cannot decide that. */
  readonly verify: ((question: string, answer: string) => boolean) | null;
  /**
   * The group of a question. For a new one whose text and answer do not determine it, that of the seed it came from.
   * @param answer the answer of the new row
   */
  stratum(question: string, parent: Seed | null, answer?: string): string;
  /** Two questions with the same canonical form are duplicates. */
  canonical(question: string): string;
  /**
   * How a new question is distinguished from known ones. `closed-set`: all possible questions are in the pool and the test
   * set, so nothing counts as new or as a leak. `exact`: by its canonical form. `near`: also by its wording.
   */
  readonly novelty: 'closed-set' | 'exact' | 'near';
  /** Whether `provider: offline` can teach it. */
  readonly hasOfflineTeacher: boolean;
}

/**
 * An offline teacher: answers a request of its task, or returns `null` for any other request. `errs`: the answer must be
 * wrong.
 */
export type Procedure = (messages: readonly ChatMessage[], stream: RandomStream, errs: boolean) => string | null;

/** The verdict on an empty answer. */
export const unanswered: Verdict = {
  state: 'unreadable',
  readAs: null,
  reason: 'the answer is empty',
  answered: false,
  wellFormed: false,
  correct: false,
};

/** The verdict on an answer that cannot be read. */
export const unreadableAnswer = (reason: string): Verdict => ({ ...unanswered, reason, answered: true });

/** The verdict where the reference itself cannot be read. */
export const unmeasured = (reason: string): Verdict => ({ ...unanswered, state: 'unmeasured', reason, answered: true });

/** The verdict on an answer that was read. */
export const judged = (readAs: string, isCorrect: boolean, isWellFormed = true): Verdict => ({
  state: isCorrect ? 'correct' : 'wrong',
  readAs: readAs.length > READ_AS_CHARACTERS_MAX ? `${readAs.slice(0, READ_AS_CHARACTERS_MAX)}...` : readAs,
  answered: true,
  wellFormed: isWellFormed,
  correct: isCorrect,
});

/** The verdict of a check that asks for no form: whatever it can read is well formed. */
export const asRead = (verdict: Verdict): Verdict => ({ ...verdict, wellFormed: verdict.readAs !== null });

const READ_AS_CHARACTERS_MAX = 200;

/** A model's text for use in a reason: shortened, on one line. */
export const quote = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
