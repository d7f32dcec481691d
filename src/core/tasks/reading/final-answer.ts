import { answerLines, explanation } from './answer-lines';
import { answerPart, beforeNextQuestion } from './answer-part';
import { correctedSentence, lastCorrection } from './correction';
import { type Marker, markedCandidates } from './marked-candidates';

/** What a check makes of one candidate: a value, a doubt that no other candidate settles, or nothing at all. */
export type Found<T> = { readonly value: T } | { readonly doubt: string } | null;

/** How a check reads an answer. */
export interface AnswerForm<T> {
  /** What stands behind a marker, on one line. */
  marked(text: string): Found<T>;
  /** The last line of a text without markers, which may say other things before the answer. */
  line(text: string): Found<T>;
  /** A line that is an answer and nothing else. */
  whole(text: string): Found<T>;
}

export type Reading<T> =
  | { readonly state: 'read'; readonly value: T; readonly marker: Marker }
  | { readonly state: 'unreadable'; readonly reason: string };

/**
 * The answer of a worked text. Candidates are tried from strict to loose (behind `####`, in `\boxed{}`, in `<answer>`, in
 * JSON, behind "the answer is", the last line) and from last to first; the first that the check can read is the answer.
 * What stands in `<think>` and behind a new question is not looked at.
 */
export function findAnswer<T>(text: string, form: AnswerForm<T>): Reading<T> {
  const body = answerPart(text);
  if (body === '') {
    return unreadable(text.trim() === '' ? 'the answer is empty' : 'the answer ends before its thinking does');
  }
  for (const view of new Set([beforeNextQuestion(body), body])) {
    const found = readCorrected(view, form) ?? readCandidates(view, form);
    if (found !== null) {
      return found;
    }
  }
  return unreadable('no answer was found');
}

export const unreadable = (reason: string): Reading<never> => ({ state: 'unreadable', reason });

function readCandidates<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  for (const { text, marker, end } of markedCandidates(view)) {
    const found = form.marked(text);
    if (found !== null && 'value' in found) {
      return { state: 'read', value: found.value, marker };
    }
    if (found !== null) {
      // "Answer: we have 3 bags of 4 apples." may introduce a working; whatever settles it stands further down.
      const later = marker === 'phrase' ? readLines(view.slice(end), form) : null;
      return later?.state === 'read' ? later : unreadable(found.doubt);
    }
  }
  return readLines(view, form);
}

function readLines<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  const lines = answerLines(view);
  const items = onlyItems(lines, form);
  if (items !== null && 'doubt' in items) {
    return unreadable(items.doubt);
  }
  const explained = lines.findIndex((line, index) => index > 0 && explanation.test(line));
  const candidates = [
    ...(explained > 0 ? [form.whole(lines[explained - 1] ?? '')] : []),
    behindQuestion(lines.at(-1) ?? '', form),
    lines.length === 0 ? null : form.line(lines.at(-1) ?? ''),
  ];
  const found =
    candidates.find((candidate) => candidate !== null) ?? onlyOne(lines.slice(0, -1).map((line) => form.whole(line)));
  if (found === null) {
    return null;
  }
  return 'value' in found ? { state: 'read', value: found.value, marker: 'last-line' } : unreadable(found.doubt);
}

/** "A or B? B.": a question that the line answers itself. */
function behindQuestion<T>(line: string, form: AnswerForm<T>): Found<T> {
  const answer = /\? (?=\S)(?!.*\?)/.exec(line);
  return answer === null ? null : form.line(line.slice(answer.index + 2));
}

/** Of a text that is a list of answers and nothing else: the one that all items hold. `null` for any other text. */
function onlyItems<T>(lines: readonly string[], form: AnswerForm<T>): Found<T> {
  const items = lines.flatMap((line) => /^(?:\d{1,2}[.)]|[-*•]) (.+)$/.exec(line)?.[1] ?? []);
  const found = items.length === lines.length && items.length > 1 ? items.map((item) => form.whole(item)) : [];
  return found.every((item) => item !== null) && !conclusion.test(items.at(-1) ?? '') ? onlyOne(found) : null;
}

const conclusion = /\b(?:total|sum|altogether|in all|result|answer|left|remain(?:s|ing)?)\b/i;

/** Lines with different answers are a list of something. */
function onlyOne<T>(candidates: readonly Found<T>[]): Found<T> {
  const values = candidates.flatMap((candidate) =>
    candidate !== null && 'value' in candidate ? [candidate.value] : [],
  );
  const [first] = values;
  if (first === undefined) {
    return null;
  }
  const same = (value: T) => JSON.stringify(value, plainBigints) === JSON.stringify(first, plainBigints);
  return values.every(same) ? { value: first } : { doubt: 'several lines hold different answers' };
}

const plainBigints = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

/**
 * "72. Wait, actually 74": what was taken back is no answer, and neither is a text that takes its answer back without
 * another one. `null` where nothing was taken back.
 */
function readCorrected<T>(view: string, form: AnswerForm<T>): Reading<T> | null {
  const taken = lastCorrection(view);
  if (taken === null) {
    return null;
  }
  const { word, after } = taken;
  for (const { text, marker } of markedCandidates(after)) {
    const found = form.marked(text);
    if (found !== null) {
      return 'value' in found ? { state: 'read', value: found.value, marker } : unreadable(found.doubt);
    }
  }
  const short = form.whole(correctedSentence(taken));
  if (short !== null) {
    return 'value' in short ? { state: 'read', value: short.value, marker: 'last-line' } : unreadable(short.doubt);
  }
  const isSettled = /actually/i.test(word) || confirmation.test(after) || hasAnswer(after, form);
  return isSettled ? null : unreadable('the text takes its answer back and gives no other');
}

/** Whether the last line says an answer: a working that stumbled on its way continues to its end. */
function hasAnswer<T>(text: string, form: AnswerForm<T>): boolean {
  const lines = answerLines(text);
  return lines.length > 1 && form.line(lines.at(-1) ?? '') !== null;
}

const confirmation = /\b(?:yes|correct|right|indeed|confirm(?:s|ed)?|checks out|matches|good|fine)\b/i;
