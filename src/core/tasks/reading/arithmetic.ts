import { add, divide, multiply, negate, type Rational, rational } from './rational';

/** An expression's value, and the numbers it is made of, in their order. */
export interface Worked {
  readonly value: Rational;
  readonly numbers: readonly number[];
}

const CHARACTERS_MAX = 200;

/**
 * Reads and works `(10 - 4) * (13 - 9)`: whole numbers, + - * / and parentheses, nothing else, with exact fractions.
 * Nothing of the text is ever run. `null` when it is something else, is longer than 200 characters, or divides by 0.
 */
export function workArithmetic(text: string): Worked | null {
  const tokens = tokensOf(text);
  if (tokens === null) {
    return null;
  }
  const numbers: number[] = [];
  let next = 0;
  const take = (...wanted: string[]) => (wanted.includes(tokens[next] ?? '') ? tokens[next++] : undefined);

  function operand(): Rational | null {
    if (take('(') !== undefined) {
      const inner = sum();
      return take(')') === undefined ? null : inner;
    }
    const token = tokens?.[next] ?? '';
    if (!/^\d+$/.test(token)) {
      return null;
    }
    next += 1;
    numbers.push(Number(token));
    return rational(BigInt(token));
  }

  function chain(part: () => Rational | null, operators: readonly string[]): Rational | null {
    let value = part();
    for (let operator = take(...operators); operator !== undefined && value !== null; operator = take(...operators)) {
      const right = part();
      value = right === null ? null : apply(operator, value, right);
    }
    return value;
  }

  function product(): Rational | null {
    return chain(operand, ['*', '/']);
  }

  function sum(): Rational | null {
    return chain(product, ['+', '-']);
  }

  const value = sum();
  return value === null || next < tokens.length ? null : { value, numbers };
}

export function apply(operator: string, left: Rational, right: Rational): Rational | null {
  switch (operator) {
    case '+':
      return add(left, right);
    case '-':
      return add(left, negate(right));
    case '*':
      return multiply(left, right);
    default:
      return divide(left, right);
  }
}

/** Numbers have at most four digits, so that no product grows beyond what is quick. */
function tokensOf(text: string): string[] | null {
  const plain = text
    .replace(/[×∗]/g, '*')
    .replace(/÷/g, '/')
    .replace(/[\u2010-\u2015\u2212]/g, '-');
  if (plain.length > CHARACTERS_MAX) {
    return null;
  }
  const tokens = plain.match(/\d+|[-+*/()]|\S/g) ?? [];
  const isKnown = (token: string) => /^(?:\d{1,4}|[-+*/()])$/.test(token);
  return tokens.length > 0 && tokens.every(isKnown) ? tokens : null;
}
