import type { Seed } from '../records';
import type { ChatMessage } from '../tasks/task';

/**
 * Grading by prompt. `judge` grades the student's answer alone; `lion` (Lion, arXiv 2305.12870) grades it beside the
 * reference answer, twice with their order swapped, because judges favour a position. The paper does not
 * publish its prompts; these are ours: first the explanation, then the grade on the last line.
 */

export type GradeKind = 'judge' | 'lion';

/** Part of every grade's identity. Raise it when a text below changes. */
export const judgePromptVersion = 1;

/** One request to the judge about a seed. `order` says whose answer comes first. */
export interface GradeRequest {
  readonly order: 'alone' | 'reference-first' | 'student-first';
  readonly messages: readonly ChatMessage[];
}

/** Marks out of ten; a comparison has the reference's too. */
export interface Marks {
  readonly student: number;
  readonly reference: number | null;
}

/** The requests whose grades are combined into a seed's grade; `null` where there is no reference to compare with. */
export function gradeRequests(kind: GradeKind, seed: Seed, answer: string): readonly GradeRequest[] | null {
  if (kind === 'judge') {
    return [{ order: 'alone', messages: [judgeRules, { role: 'user', content: judgeText(seed.question, answer) }] }];
  }
  const { question, answer: reference } = seed;
  if (reference === null) {
    return null;
  }
  const compare = (order: GradeRequest['order'], first: string, second: string): GradeRequest => ({
    order,
    messages: [lionRules, { role: 'user', content: lionText(question, first, second) }],
  });
  return [compare('reference-first', reference, answer), compare('student-first', answer, reference)];
}

/** Marks from a judge's reply; `null` when it cannot be read. A mark outside 1 to 10 does not count. */
export function readMarks(order: GradeRequest['order'], text: string): Marks | null {
  if (order === 'alone') {
    const [student] = marksOn(text, gradeLine, 1) ?? [];
    return student === undefined ? null : { student, reference: null };
  }
  const [first, second] = marksOn(text, scoresLine, 2) ?? [];
  if (first === undefined || second === undefined) {
    return null;
  }
  return order === 'reference-first' ? { student: second, reference: first } : { student: first, reference: second };
}

/** What a request to the judge asks about; `null` when it is not such a request. Used by offline judges. */
export function readGradeRequest(
  messages: readonly ChatMessage[],
): { readonly question: string; readonly answers: readonly string[] } | null {
  const [rules, request] = messages;
  if (rules?.content === judgeRules.content) {
    const parts = judgeForm.exec(request?.content ?? '');
    return parts === null ? null : { question: parts[1] as string, answers: [parts[2] as string] };
  }
  if (rules?.content === lionRules.content) {
    const parts = lionForm.exec(request?.content ?? '');
    return parts === null ? null : { question: parts[1] as string, answers: [parts[2] as string, parts[3] as string] };
  }
  return null;
}

/** A reply in the form that is asked for. */
export function writeMarks(marks: readonly number[], explanation: string): string {
  return `${explanation}\n${marks.length === 1 ? 'Grade' : 'Scores'}: ${marks.join(' ')}`;
}

const judgeRules: ChatMessage = {
  role: 'system',
  content: [
    "You grade a student's answer to a question. Look at three things: whether the result is right, whether the",
    'reasoning that leads to it is sound, and whether the answer helps the one who asked.',
    'Work the question out yourself first and explain your view in a few sentences. Then end with one line of this form',
    'and nothing after it, where N is a whole number from 1 (useless) to 10 (perfect):',
    'Grade: N',
  ].join('\n'),
};

const lionRules: ChatMessage = {
  role: 'system',
  content: [
    'You compare two answers to one question. Judge how helpful, relevant, accurate and detailed each of them is.',
    'The order in which they stand means nothing.',
    'Explain your view in a few sentences. Then end with one line of this form and nothing after it, where A grades',
    'answer 1 and B grades answer 2, both whole numbers from 1 (useless) to 10 (perfect):',
    'Scores: A B',
  ].join('\n'),
};

const judgeText = (question: string, answer: string) => `[Question]\n${question}\n\n[Answer]\n${answer}\n[End]`;
const judgeForm = /^\[Question\]\n([\s\S]*)\n\n\[Answer\]\n([\s\S]*)\n\[End\]$/;

const lionText = (question: string, first: string, second: string) =>
  `[Question]\n${question}\n\n[Answer 1]\n${first}\n[End of 1]\n\n[Answer 2]\n${second}\n[End]`;
const lionForm =
  /^\[Question\]\n([\s\S]*)\n\n\[Answer 1\]\n([\s\S]*)\n\[End of 1\]\n\n\[Answer 2\]\n([\s\S]*)\n\[End\]$/;

const mark = String.raw`(\d{1,3}(?:\.\d{1,3})?)(?:\s*/\s*10)?`;
/** What models put around a line: emphasis, quotes of Markdown. A sign is not part of it: -3 is not a mark. */
const before = String.raw`[\s*_#>\`]*`;
const after = String.raw`[\s*_.\`]*`;
const gradeLine = new RegExp(`^${before}grade${before}:${before}${mark}${after}$`, 'i');
const scoresLine = new RegExp(`^${before}scores?${before}:${before}${mark}[\\s,;&]+${mark}${after}$`, 'i');

/** The last line that has text decides: a grade in the middle of an explanation may be one that the judge argues against. */
function marksOn(text: string, form: RegExp, count: number): number[] | null {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  const found = form.exec(last.trim());
  const marks = (found ?? []).slice(1, 1 + count).map(Number);
  return marks.length === count && marks.every((value) => value >= 1 && value <= 10) ? marks : null;
}
