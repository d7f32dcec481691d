import { compareMath } from '../math/compare';
import { workArithmetic } from '../reading/arithmetic';
import { type AnswerForm, type Found, findAnswer, type Reading } from '../reading/final-answer';
import { parseNumber } from '../reading/numbers';
import { equal } from '../reading/rational';
import {
  asRead,
  judged,
  quote,
  type SecondOpinion,
  unanswered,
  unmeasured,
  unreadableAnswer,
  type Verdict,
} from '../task';
import type { AnswerCheck } from './check';

/**
 * Mathematical answers in LaTeX or plain text, by their value. What a comparison of forms leaves unsettled goes to
 * math-verify, as a pair of formulas without the working around them.
 */
export const mathCheck: AnswerCheck = {
  readReference: (reference) => {
    const read = readReference(reference);
    return read.state === 'read' ? { ok: true, value: read.value } : { ok: false, reason: read.reason };
  },
  readAnswer: (answer) => {
    const read = findAnswer(answer, mathForm);
    return read.state === 'read' ? { ok: true, value: read.value } : { ok: false, reason: read.reason };
  },
  grade: (reference, answer) => asRead(gradeMath(reference, answer)),
  secondOpinion: {
    op: 'verify-math',
    pair: (reference, answer) => {
      const [right, said] = [readReference(reference), findAnswer(answer, mathForm)];
      return right.state === 'read' && said.state === 'read' && compareMath(right.value, said.value) === 'unsettled'
        ? { reference: `$${inMath(right.value)}$`, answer: `$${inMath(said.value)}$` }
        : null;
    },
  } satisfies SecondOpinion,
};

/** Well formed: in `\boxed{}`. */
export function gradeMath(reference: string, answer: string): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const right = readReference(reference);
  if (right.state === 'unreadable') {
    return unmeasured(`the reference cannot be read (${right.reason}): ${quote(reference.trim().slice(-60))}`);
  }
  const said = findAnswer(answer, mathForm);
  return said.state === 'unreadable'
    ? unreadableAnswer(said.reason)
    : judged(said.value, compareMath(right.value, said.value) === 'same', said.marker === 'boxed');
}

/** The boxed answer of a solution, or an answer as it stands. */
function readReference(reference: string): Reading<string> {
  const isBare = !/####|\\boxed|\\fbox|\banswer\b/i.test(reference) && !reference.trim().includes('\n');
  return isBare && reference.trim() !== ''
    ? { state: 'read', value: reference.trim(), marker: 'last-line' }
    : findAnswer(reference, mathForm);
}

const mathForm: AnswerForm<string> = {
  marked: (text) => {
    const said = withoutEmphasis(text);
    const formulas = formulasIn(said);
    return value(formulas.length > 0 ? joined(said, formulas) : isMath(said) ? said : firstSentence(said));
  },
  line: (text) => {
    const said = withoutEmphasis(text);
    const formulas = formulasIn(said);
    if (formulas.length === 0 && isMath(said)) {
      return value(said);
    }
    return value(formulas.at(-1) ?? stated.exec(said)?.[1] ?? (said.length <= SHORT_CHARACTERS_MAX ? said : ''));
  },
  whole: (text) => {
    const said = withoutEmphasis(text);
    return isMath(said) && /\d|^\$|\\/.test(said) ? value(said) : null;
  },
};

const SHORT_CHARACTERS_MAX = 40;
/** "so the area is 5", "it has 1/2": what a sentence ends in. */
const stated = /(?:=|\bis|\bbe|\bgives|\bgets?|\bhave|\bhas|:) ?([^=:]{1,40}?)\.?$/;
const withoutEmphasis = (text: string) => text.replace(/[*_`]{2,}/g, '').trim();

function value(text: string): Found<string> {
  const bare = text
    .trim()
    .replace(/^(?:\\\(|\\\[|\$)+|(?:\\\)|\\\]|\$)+\.?$/g, '')
    .replace(/[.。]$/, '')
    .replace(leadIn, '')
    .trim();
  if (/^not\b/i.test(bare)) {
    return { doubt: 'it says what the answer is not' };
  }
  if (refusal.test(bare.replace(/^\\text ?\{/, ''))) {
    return { doubt: 'it says that there is no answer' };
  }
  return bare === '' ? null : { value: withoutCalculation(bare) };
}

/** "I do not know": words that are no value, and so not a wrong one. */
const refusal =
  /^(?:sorry\b|no idea\b|unsure\b|(?:i|we) (?:do not|don't|did not|didn't|cannot|can't|can not|could not|couldn't|am not|are not|am unable|have no)\b)/i;

/** `12 = 3\cdot 4`: the value stands before a calculation that gives it. */
function withoutCalculation(text: string): string {
  const [left = '', right, ...others] = text.split('=').map((side) => side.trim());
  if (right === undefined || others.length > 0) {
    return text;
  }
  const said = parseNumber(left);
  const worked = workArithmetic(right.replace(/\\(?:cdot|times) ?/g, '*'));
  return said !== null && worked !== null && worked.numbers.length > 1 && equal(worked.value, said) ? left : text;
}

/** Formulas and numbers with at most a word or a unit; no sentence. */
const isMath = (text: string) =>
  !/[.!?] |:\s/.test(text) && (text.replace(/\\[a-z]+\{?/gi, ' ').match(/[a-z]{2,}/gi)?.length ?? 0) <= 2;

const formulasIn = (text: string) =>
  [...text.matchAll(/\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');

/** Formulas that only "and", "or" or a comma separates are one answer; of others the first one is. */
function joined(text: string, formulas: readonly string[]): string {
  const around = text.replace(/\$[^$]+\$|\\\(.+?\\\)|\\\[.+?\\\]/g, '').replace(/[.\s]+$/, '');
  return /^(?:[\s,;]|\band\b|\bor\b)*$/.test(around) ? formulas.join(', ') : (formulas[0] ?? '');
}

const leadIn = /^(?:(?:hence|so|thus|therefore|then|finally|it is|this is|that is|we get|we have|they are)[,:]? )+/i;
const firstSentence = (text: string) => text.split(/[.!?](?:\s|$)/, 1)[0] ?? '';

/** The engine reads one formula. */
const inMath = (text: string) =>
  text
    .replaceAll('$', '')
    // Units were compared before.
    .replace(/\s*\\(?:text|mbox|mathrm) ?\{[^{}]*\}(?:\^\{?\d\}?)?\s*$/, '');
