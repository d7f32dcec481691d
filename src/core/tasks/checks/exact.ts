import { canonicalJson } from '../../canonical-json';
import { parseExactJson } from '../../exact-json';
import { linesBeforeExplanation } from '../reading/answer-lines';
import { answerPart, withoutFence } from '../reading/answer-part';
import { correctedSentence, lastCorrection } from '../reading/correction';
import { markedCandidates } from '../reading/marked-candidates';
import { judged, quote, unanswered, unmeasured, unreadableAnswer, type Verdict } from '../task';
import type { AnswerCheck } from './check';

/** `ignore`: capitals count only where they make another word of a short name (US, us). `keep`: they count always. */
export type Case = 'ignore' | 'keep';

/** Texts that are the same. A reference without a marker is compared whole. */
export function exactCheck(letterCase: Case = 'ignore'): AnswerCheck {
  return {
    readReference: (reference) =>
      referenceOf(reference).trim() === ''
        ? { ok: false, reason: 'the reference is empty' }
        : { ok: true, value: referenceOf(reference) },
    readAnswer: (answer) => {
      const said = candidatesOf(answer, false)[0];
      return said === undefined ? { ok: false, reason: 'the answer is empty' } : { ok: true, value: said.text };
    },
    grade: (reference, answer) => gradeExact(reference, answer, letterCase),
    secondOpinion: null,
  };
}

function gradeExact(reference: string, answer: string, letterCase: Case): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const right = referenceOf(reference);
  if (right.trim() === '') {
    return unmeasured('the reference is empty');
  }
  const same = (said: string) => isSame(said, right, letterCase);
  // Whatever a marker means in an answer, a text that is the reference is the reference.
  if (same(text(answer)) || same(answerPart(answer, text))) {
    return judged(text(answer), true);
  }
  const [first] = candidatesOf(answer, isBlock(right));
  if (first === undefined) {
    return unreadableAnswer('no answer was found');
  }
  const forms = [first.text, ...(first.isProse ? statedIn(first.text) : [])];
  const found = [...forms, ...firstParagraph(answer)].find(same);
  if (found !== undefined) {
    return judged(found, true);
  }
  const denied = /^(?:not|never|no longer|anything but) (.+)$/i.exec(first.text)?.[1];
  return first.isBehindPhrase && denied !== undefined && same(denied)
    ? unreadableAnswer(`it says what the answer is not: ${quote(first.text)}`)
    : judged(first.text, false);
}

/** An answer on a line of its own, before sentences that say nothing against it. */
function firstParagraph(answer: string): string[] {
  const [first = '', ...rest] = answerPart(answer, text).split(/\n\s*\n/);
  const isPlain = rest.length > 0 && !first.includes('\n') && /[.!]$/.test(rest.at(-1) ?? '');
  return isPlain && !/\b(?:no|not|actually|wait|but|however|instead|or|rather|answer)\b/i.test(rest.join(' '))
    ? [first]
    : [];
}

interface Candidate {
  readonly text: string;
  /** A line that may say the answer in a sentence. */
  readonly isProse: boolean;
  readonly isBehindPhrase: boolean;
}

/** Where an answer says its text: behind a marker, else all of it, or its last line where one line is asked for. */
function candidatesOf(answer: string, wantsBlock: boolean): Candidate[] {
  const body = answerPart(answer, text);
  if (body === '') {
    return [];
  }
  if (wantsBlock) {
    const fence = /```[\w-]*\n([\s\S]*?)\n?```/.exec(answer)?.[1];
    const object = /^[^{[]{0,200}([{[][\s\S]*[}\]])[^}\]]{0,200}$/.exec(body)?.[1];
    const isObject = object !== undefined && jsonForm(object) !== null;
    return [{ text: fence ?? (isObject ? object : body), isProse: false, isBehindPhrase: false }];
  }
  const taken = lastCorrection(body);
  for (const { text: marked, marker } of markedCandidates(taken?.after ?? body)) {
    return [{ text: marked, isProse: true, isBehindPhrase: marker === 'phrase' }];
  }
  const line = (taken === null ? null : correctedSentence(taken)) ?? linesBeforeExplanation(body).at(-1) ?? '';
  return [{ text: line.replace(/^[-•>] (?=\p{L})/u, ''), isProse: true, isBehindPhrase: false }];
}

/** What a sentence states: "Sentiment: Positive", "The sentiment is positive.", "Paris. It is the capital." */
function statedIn(line: string): string[] {
  const sentence = line.replace(/\*\*|__|`/g, '').split(/(?<=[.!?。])\s+/, 1)[0] ?? '';
  const stated = /^((?:[\p{L}-]+ ){0,4}?[\p{L}-]+) ?(?: is| was| are|:|：) ?(?:[:"'*_`(]*)(.+)$/iu.exec(sentence);
  const subject = stated?.[1] ?? '';
  const isPlain =
    !/\b(?:if|whether|what|which|who|nothing|none|neither|nobody|not|never|no|hardly|unless|without|isn't|wasn't|unclear|or)\b/i.test(
      subject,
    );
  return [
    sentence,
    ...(stated?.[2] !== undefined && isPlain ? [stated[2], stated[2].split(/,? (?:since|because)\b/, 1)[0] ?? ''] : []),
  ];
}

/** Behind its marker where it has one; else as it stands, with its lines. */
function referenceOf(reference: string): string {
  const marked = /(?:^|\n)#{4} ?(?!#)([^\n]+)\s*$/.exec(reference);
  const before = marked === null ? '' : reference.slice(0, marked.index).trim();
  return marked !== null && before !== '' ? (marked[1] ?? '').trim() : withoutFence(text(reference));
}

/** Canonically equivalent characters are the same; compatible ones (², 2) are not. Lines keep their indentation. */
function text(raw: string): string {
  return raw
    .normalize('NFC')
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+/, '')
    .trimEnd();
}

const isBlock = (reference: string) => reference.includes('\n') || isJson(reference) || isCode(reference);

function isSame(said: string, right: string, letterCase: Case): boolean {
  if (said === right) {
    return true;
  }
  const [left, wanted] = [jsonForm(said), jsonForm(right)];
  if (wanted !== null) {
    return left === wanted;
  }
  const keepsCase = letterCase === 'keep' || isCode(right) || isAcronym(right) || isAcronym(said);
  const form = (raw: string) => {
    const bare = isCode(right) ? raw.replace(/^`([^`]+)`$/, '$1') : undecorated(raw);
    const spaced = isCode(right) ? bare.split('\n').map(singleSpaces).join('\n') : bare.replace(/\s+/g, ' ').trim();
    return keepsCase ? spaced : spaced.toLowerCase();
  };
  return form(said) === form(right);
}

/** Code keeps its lines and their indentation. */
const singleSpaces = (line: string) => `${/^\s*/.exec(line)?.[0] ?? ''}${line.trim().replace(/\s+/g, ' ')}`;

/** Quotes, emphasis and a last full stop around a text that is more than they are. */
function undecorated(raw: string): string {
  let result = raw
    .trim()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"');
  for (const form of [
    /^\\(?:text|textbf|mathrm)\{([^{}]+)\}$/,
    /^\$([^$]+)\$$/,
    /^\*{1,3}([^*]+)\*{1,3}(?=[.!]?$)/,
    /^["'`「『《]+([^"'`」』》]+)["'`」』》]+(?=[.!]?$)/,
    /^([\s\S]*[\p{L}\p{N})\]"'`%+*-])[.!。！]$/u,
    /^["'`*]+([^"'`*]+)["'`*]+$/,
  ]) {
    result = result.replace(form, '$1').trim();
  }
  return result;
}

/** US and us, IT and it are different words. */
const isAcronym = (word: string) =>
  /^[A-Z]{2,3}$/.test(word.trim()) && !/^(?:YES|NO|ON|OFF|POS|NEG|HAM|NEU)$/.test(word.trim());

const isCode = (raw: string) =>
  /[={};]|\w\(|\(\)|=>|\b(?:SELECT|INSERT|UPDATE|DELETE)\b|^\s{2,}\S|^[~.]?\/\w|\s--?[a-z]/.test(raw);

const isJson = (raw: string) => jsonForm(raw) !== null;

/** The value of a JSON object or list, with its keys in order, as one text; `null` for other texts. */
function jsonForm(raw: string): string | null {
  const bare = withoutFence(raw.trim());
  if (!/^[[{][\s\S]*[\]}]$/.test(bare)) {
    return null;
  }
  try {
    return canonicalJson(parseExactJson(bare));
  } catch {
    return null;
  }
}
