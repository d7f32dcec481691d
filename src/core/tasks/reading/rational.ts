/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** @throws RangeError when the denominator is 0 */
export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) {
    throw new RangeError('a fraction cannot have the denominator 0');
  }
  const divisor = greatestCommonDivisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

export const equal = (left: Rational, right: Rational) =>
  left.numerator === right.numerator && left.denominator === right.denominator;

export const add = (left: Rational, right: Rational) =>
  rational(
    left.numerator * right.denominator + right.numerator * left.denominator,
    left.denominator * right.denominator,
  );

export const negate = (value: Rational): Rational => ({ ...value, numerator: -value.numerator });

export const multiply = (left: Rational, right: Rational) =>
  rational(left.numerator * right.numerator, left.denominator * right.denominator);

/** `null` for a division by 0. */
export const divide = (left: Rational, right: Rational) =>
  right.numerator === 0n ? null : rational(left.numerator * right.denominator, left.denominator * right.numerator);

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let [a, b] = [left < 0n ? -left : left, right < 0n ? -right : right];
  while (b !== 0n) {
    [a, b] = [b, a % b];
  }
  return a;
}

export const magnitude = (value: Rational): Rational => (value.numerator < 0n ? negate(value) : value);

export const smallerOrEqual = (left: Rational, right: Rational) =>
  left.numerator * right.denominator <= right.numerator * left.denominator;
