import { type FinalAnswer, finalAnswer, isNegated, tidy } from './final-answer';
import { add, divide, equal, negate, type Rational, rational } from './rational';

/** A number longer than this is no answer, and its arithmetic would take long. */
const DIGITS_MAX = 200;

/**
 * The one number that a worked text gives as its answer, exactly. Signs, thousands separators, currency, percent and
 * units around it are understood; `12 or 13`, `1.234,5` and "not 5" are no number.
 */
export function finalNumber(text: string): { readonly value: Rational; readonly marker: FinalAnswer['marker'] } | null {
  const answer = finalAnswer(text);
  if (answer === null) {
    return null;
  }
  const { marker } = answer;
  const said = answer.text
    .slice(answer.text.lastIndexOf('=') + 1)
    .replace(/\\[dt]?frac ?\{(-?\d+)\}\{(\d+)\}/g, '$1/$2');
  const numbers = numbersIn(said).filter(({ index }) => !isNegated(said.slice(Math.max(0, index - 40), index)));
  // A running text may name other numbers before the answer; behind a marker two numbers are two answers.
  const chosen = marker === 'last-line' ? numbers.slice(-1) : numbers;
  const [first] = chosen;
  const value = first?.value ?? null;
  const isOne = value !== null && chosen.every((other) => other.value !== null && equal(other.value, value));
  return isOne ? { value, marker } : null;
}

/** A text that is one number and nothing but its sign, separators, currency, percent or unit. */
export function parseNumber(text: string): Rational | null {
  const numbers = numbersIn(tidy(text));
  const [only] = numbers;
  return numbers.length === 1 && only !== undefined ? only.value : null;
}

interface Found {
  readonly index: number;
  /** `null`: looks like a number and is none that can be read for certain. */
  readonly value: Rational | null;
}

// No two neighbouring parts of the pattern can match the same characters, so it takes linear time on any text.
const pattern =
  /([-+]?) ?\p{Sc}? ?([-+]?)(?:(\d[\d,]*) )?(\d[\d,]*(?:\.\d[\d.,]*)?|\.\d+)(?:e([-+]?\d{1,2})(?![\d\w]))?(?: ?\/ ?(\d[\d,]*(?:\.\d+)?))?/giu;

function numbersIn(text: string): Found[] {
  return [...text.matchAll(pattern)].map((match) => {
    const [, before = '', after = '', whole, main = '', exponent, denominator] = match;
    // In `10-3` the dash is an operation or a range, in `x1` the digit is part of a name.
    const previous = text[match.index - 1] ?? '';
    const isName = /[\p{L}_]/u.test(previous) && before === '' && !/^ /.test(match[0]);
    const sign = [before, after].filter((character) => character === '-').length;
    return {
      index: match.index,
      value: isName || sign > 1 ? null : readValue(sign === 1, whole, main, exponent, denominator),
    };
  });
}

function readValue(
  isNegative: boolean,
  whole: string | undefined,
  main: string,
  exponent: string | undefined,
  denominator: string | undefined,
): Rational | null {
  const value = decimal(main.replace(/[.,]+$/, ''));
  const over = denominator === undefined ? rational(1n) : decimal(denominator.replace(/,+$/, ''));
  const fraction = value === null || over === null ? null : divide(value, over);
  const scaled = fraction === null ? null : scale(fraction, Number(exponent ?? 0));
  if (scaled === null) {
    return null;
  }
  // `1 1/2` is a mixed number; `1 2` is two numbers.
  const addend = whole === undefined ? rational(0n) : denominator === undefined ? null : decimal(whole);
  const total = addend === null ? null : add(addend, scaled);
  return total === null ? null : isNegative ? negate(total) : total;
}

function decimal(text: string): Rational | null {
  if (text.length > DIGITS_MAX || !/^(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?$/.test(text) || text === '') {
    return null;
  }
  const [units = '', decimals = ''] = text.replaceAll(',', '').split('.');
  return rational(BigInt(units + decimals), 10n ** BigInt(decimals.length));
}

function scale(value: Rational, exponent: number): Rational {
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0
    ? rational(value.numerator, value.denominator * power)
    : rational(value.numerator * power, value.denominator);
}
