import { findAnswer } from '../reading/final-answer';
import { numberForm, type ReadNumber, sameNumber } from '../reading/numbers';
import { tidy } from '../reading/plain-text';
import { add, magnitude, multiply, negate, type Rational, rational, smallerOrEqual } from '../reading/rational';
import { asRead, judged, quote, unanswered, unmeasured, unreadableAnswer, type Verdict } from '../task';
import type { AnswerCheck } from './check';

/** How far an answer may be from its reference. */
export interface Tolerance {
  readonly absolute?: number | undefined;
  readonly relative?: number | undefined;
}

/** Numbers by their exact value; within a tolerance where one is given. */
export function numberCheck(tolerance?: Tolerance): AnswerCheck {
  return {
    readReference: (reference) => {
      const read = readReference(reference);
      return 'reason' in read ? { ok: false, reason: read.reason } : { ok: true, value: sayNumber(read.value) };
    },
    readAnswer: (answer) => {
      const read = findAnswer(answer, numberForm);
      return read.state === 'read' ? { ok: true, value: sayNumber(read.value) } : { ok: false, reason: read.reason };
    },
    grade: (reference, answer) => asRead(gradeNumber(reference, answer, { tolerance })),
    secondOpinion: null,
  };
}

/** Well formed: behind `####`. Correct: the same number, exactly, also where it was written otherwise. */
export function gradeNumber(
  reference: string,
  answer: string,
  {
    tolerance,
    form = numberForm,
  }: { readonly tolerance?: Tolerance | undefined; readonly form?: typeof numberForm } = {},
): Verdict {
  if (answer.trim() === '') {
    return unanswered;
  }
  const right = readReference(reference);
  if ('reason' in right) {
    return unmeasured(`the reference cannot be read: ${right.reason}`);
  }
  const said = findAnswer(answer, form);
  if (said.state === 'unreadable') {
    return unreadableAnswer(said.reason);
  }
  const isSame = sameNumber(said.value, right.value) || isNear(said.value, right, tolerance);
  return judged(sayNumber(said.value), isSame, said.marker === 'hashes');
}

/** A reference is one number: alone, with its unit, or behind a marker at the end of its working. */
function readReference(
  text: string,
): { readonly value: ReadNumber; readonly text: string } | { readonly reason: string } {
  const lines = tidy(text).split('\n');
  const isMarked = /####|\\boxed|\\fbox|\banswer\b/i.test(text);
  const read = isMarked || lines.length > 1 ? findAnswer(text, numberForm) : strict(lines[0] ?? '');
  return read.state === 'read'
    ? { value: read.value, text: lines.at(-1) ?? '' }
    : { reason: `${quote(text.trim())}: ${read.reason === '' ? 'not exactly one number' : read.reason}` };
}

/** A number, its unit, and perhaps words; no second number, no part of a name, of a formula or of a bound. */
function strict(line: string) {
  const isOther = /\d[\p{L}\d]*[+*^<>≤≥√]|[+*^<>≤≥√]\d|\p{L}[-.]?\d/u.test(line);
  const found = numberForm.whole(line) ?? (isOther ? null : numberForm.marked(line));
  return found !== null && 'value' in found
    ? ({ state: 'read', value: found.value } as const)
    : ({ state: 'unreadable', reason: found?.doubt ?? '' } as const);
}

/** Decimals that nobody writes by hand, such as 8710408.772727273, were worked out; an answer rounds them. */
const WORKED_OUT_DECIMALS_MIN = 5;
const ROUNDED_DECIMALS_MIN = 2;
const ROUNDED_DIGITS_MIN = 4;

function isNear(
  { value }: ReadNumber,
  { value: right, text }: { readonly value: ReadNumber; readonly text: string },
  tolerance: Tolerance | undefined,
): boolean {
  const distance = magnitude(add(value, negate(right.value)));
  if (tolerance !== undefined) {
    const allowed =
      tolerance.absolute === undefined
        ? multiply(magnitude(right.value), fromDecimal(tolerance.relative ?? 0))
        : fromDecimal(tolerance.absolute);
    return smallerOrEqual(distance, allowed);
  }
  const decimals = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  const places = decimalPlaces(value);
  if (decimals < WORKED_OUT_DECIMALS_MIN || places === null || places < ROUNDED_DECIMALS_MIN || places >= decimals) {
    return false;
  }
  const digits = String(magnitude(value).numerator).length;
  return digits >= ROUNDED_DIGITS_MIN && smallerOrEqual(distance, rational(1n, 2n * 10n ** BigInt(places)));
}

/** Digits behind the point of a decimal number; `null` for others, such as 1/3. */
function decimalPlaces({ denominator }: Rational): number | null {
  const text = String(denominator);
  for (let places = 0; places <= text.length * 4; places += 1) {
    if (10n ** BigInt(places) % denominator === 0n) {
      return places;
    }
  }
  return null;
}

function fromDecimal(value: number): Rational {
  const [digits = '0', exponent = '0'] = value.toExponential().split('e');
  const [units = '', decimals = ''] = digits.split('.');
  const power = Number(exponent) - decimals.length;
  const scale = 10n ** BigInt(Math.abs(power));
  return power < 0 ? rational(BigInt(units + decimals), scale) : rational(BigInt(units + decimals) * scale);
}

/** A number as people read it: whole, decimal, or a fraction. */
export function sayNumber({ value, isPercent }: ReadNumber): string {
  const places = decimalPlaces(value);
  const sign = value.numerator < 0n ? '-' : '';
  const { numerator, denominator } = magnitude(value);
  const percent = isPercent ? '%' : '';
  if (places === null) {
    return `${sign}${numerator}/${denominator}${percent}`;
  }
  const digits = String((numerator * 10n ** BigInt(places)) / denominator).padStart(places + 1, '0');
  return `${sign}${places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`}${percent}`;
}
