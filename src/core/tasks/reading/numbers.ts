import { workArithmetic } from './arithmetic';
import { type AnswerForm, type Found, findAnswer } from './final-answer';
import type { Marker } from './marked-candidates';
import { abstains } from './negation';
import { inDigits } from './number-words';
import { tidy, withoutMarkup } from './plain-text';
import { type Quantity, quantitiesIn } from './quantities';
import { equal, multiply, type Rational, rational } from './rational';

/** A number that was read, exactly. */
export interface ReadNumber {
  readonly value: Rational;
  /** It was said in percent: 5 % is 5, and is 0.05. */
  readonly isPercent: boolean;
}

/**
 * How numbers are read. Signs, separators of several cultures, currency, percent, scale words and a plain unit belong to
 * a number; ranges, times, dates, ratios, factors and comparisons are none.
 */
export const digitForm: AnswerForm<ReadNumber> = {
  marked: (text) => readMarked(prepared(text)),
  line: (text) => bulleted(text) ?? readLine(prepared(text)),
  whole: (text) => bulleted(text) ?? readWhole(prepared(text)),
};

/** Numbers in English words, too. */
export const numberForm: AnswerForm<ReadNumber> = {
  marked: (text) => digitForm.marked(withDigits(text, 'leading')),
  line: (text) => digitForm.line(withDigits(text, 'alone')),
  whole: (text) => digitForm.whole(withDigits(text, 'alone')),
};

/** The text itself where it has no number in words. */
function withDigits(text: string, extent: 'leading' | 'alone'): string {
  const plain = /\d/.test(text) ? text : prepared(text);
  const digits = inDigits(plain, extent);
  return digits === plain ? text : digits;
}

/** The one number that a worked text gives as its answer; `null` where there is none that is certain. */
export function finalNumber(text: string): { readonly value: Rational; readonly marker: Marker } | null {
  const found = findAnswer(text, digitForm);
  return found.state === 'read' ? { value: found.value.value, marker: found.marker } : null;
}

/** A text that is one number and nothing but its sign, separators, currency, percent or unit. */
export function parseNumber(text: string): Rational | null {
  const found = readWhole(prepared(tidy(text)));
  return found !== null && 'value' in found ? found.value.value : null;
}

/** The same value; what is said in percent may be given as a fraction. */
export function sameNumber(left: ReadNumber, right: ReadNumber): boolean {
  const hundredth = rational(1n, 100n);
  return (
    equal(left.value, right.value) ||
    (left.isPercent && !right.isPercent && equal(multiply(left.value, hundredth), right.value)) ||
    (right.isPercent && !left.isPercent && equal(left.value, multiply(right.value, hundredth)))
  );
}

const LINE_CHARACTERS_MAX = 2000;

/** In a list the dash before a number may be its sign or the list's. */
const bulleted = (text: string): Found<ReadNumber> =>
  /^- \d/.test(text) ? { doubt: 'the dash before the number may be a sign or that of a list' } : null;

const prepared = (text: string) =>
  withoutMarkup(text.slice(-LINE_CHARACTERS_MAX)).replace(/\[(?=[^[\]]*$)|^\[|\]$/g, '');

/** Of a marked text the first sentence counts; two different numbers in it are two answers. */
function readMarked(text: string): Found<ReadNumber> {
  const said = restated(reason(firstSentence(text)));
  if (said === '') {
    return null;
  }
  const assigned = assignments(said);
  if (assigned > 1) {
    return { doubt: 'several things have a value' };
  }
  const result = lastEquated(said);
  const numbers = quantitiesIn(result);
  return (
    found(numbers, 'all') ??
    (/(?:^|\s)(?:not|never)\b/i.test(result) ? { doubt: 'it says what the answer is not' } : null)
  );
}

function readLine(text: string): Found<ReadNumber> {
  const said = restated(reason(text));
  if (said.trim() === '') {
    return null;
  }
  if (abstains(text)) {
    return { doubt: 'it says that there is no answer' };
  }
  if (assignments(said) > 1) {
    return { doubt: 'several things have a value' };
  }
  const result = lastEquated(said);
  return found(quantitiesIn(result), result === said ? 'last' : 'all');
}

function readWhole(text: string): Found<ReadNumber> {
  const said = restated(text).replace(/^(?:answer|[a-z]) ?[:=] ?/i, '');
  const numbers = quantitiesIn(said);
  const [only] = numbers;
  if (numbers.length !== 1 || only === undefined || only.isNegated) {
    return null;
  }
  const ahead = said.slice(0, only.start).replace(/[("'\s≈~]+|\b(?:about|approximately|around|roughly)\b/gi, '');
  return ahead === '' && plainUnit.test(said.slice(only.end)) ? found(numbers, 'all') : null;
}

const plainUnit =
  /^[)"'\s]{0,4}(?:%|°|[\p{Sc}])?[)"'\s]{0,4}(?:[\p{L}°µ%/^²³.-]+[\d]?(?: (?!and\b|is\b|are\b|was\b)[\p{L}°/^.-]+\d?){0,3})?[)"'.!\s]*$/u;

function found(numbers: readonly Quantity[], which: 'all' | 'last'): Found<ReadNumber> {
  const meant = numbers.filter(({ isNegated }) => !isNegated);
  const chosen = which === 'last' ? meant.slice(-1) : meant;
  const [first] = chosen;
  if (first === undefined) {
    return numbers.length > 0 ? { doubt: 'it says what the answer is not' } : null;
  }
  const unclear = chosen.find(({ value }) => value === null);
  if (unclear !== undefined) {
    return { doubt: unclear.doubt ?? 'no number that can be read for certain' };
  }
  const values = chosen.flatMap(({ value, isPercent }) => (value === null ? [] : [{ value, isPercent }]));
  const [value] = values;
  return value !== undefined && values.every((other) => equal(other.value, value.value))
    ? { value }
    : { doubt: 'it gives several numbers' };
}

/** A sentence ends behind a full stop and a space; a number's own point has no space. */
function firstSentence(text: string): string {
  const end = /[.!?。！？](?=\s|["')\]]*\s|["')\]]*$)/.exec(
    text.replace(/\b(?:[ap]\.m|approx|vs|i\.e|e\.g|Rs|No|ca)\./gi, (short) => 'x'.repeat(short.length)),
  );
  // "72? no" and "72!" keep their sign: it says something about the number.
  return end === null ? text : text.slice(0, end.index + 1);
}

/** Without the clause that gives reasons: "72, since 8 times 9 is 72". */
const reason = (text: string) =>
  text.split(
    /(?:^|[,;(]? )\(?(?:since|because|as (?:the|it|there|we)|given that|for example|i\.e\.|which (?:is|means|equals)|so that|where)\b/i,
    1,
  )[0] ?? '';

/** Without a remark in parentheses behind a number: "72 (= 6 dozen)", "3 (three) apples". */
function restated(text: string): string {
  return text.replace(/ \(([^()]*)\)/g, (remark, content: string, start: number) => {
    const isRemark = /\d/.test(text.slice(Math.max(0, start - 60), start)) && !/[-+*/^=] ?$/.test(text.slice(0, start));
    const isCalculation = /^[\d\s.+*/^-]*$/.test(content) && /^ ?[-+*/^(]/.test(text.slice(start + remark.length));
    return isRemark && !isCalculation && !/\b(?:or|maybe|perhaps|possibly)\b/i.test(content) ? ' ' : remark;
  });
}

const assignments = (text: string) =>
  new Set([...text.matchAll(/(?<![\p{L}\d^*+/(-] ?)\b([a-z])(?:_\d)? ?= ?[-+]?[\p{Sc}]?\d/giu)].map(([, name]) => name))
    .size;

/** What stands behind the last `=`; a calculation there must have the value before it. */
function lastEquated(text: string): string {
  const sides = text.split(/(?<![<>!≤≥])={1,2}>?|≈|→|->/).map((side) => side.trim());
  const last = sides.at(-1) ?? '';
  if (sides.length === 1 || last === '') {
    return text;
  }
  const worked = workArithmetic(last.replace(/[.\s]+$/, ''));
  const before = sides.at(-2) ?? '';
  const value = parseNumber(before);
  return worked !== null && worked.numbers.length > 1 && value !== null && equal(worked.value, value) ? before : last;
}
