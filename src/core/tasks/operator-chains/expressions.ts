/**
 * Expressions over digits, such as `7%3=` or `3+4*7=`: read strictly from left to right, every result a digit.
 * The working of a longer one rewrites what is left after each step: `3+4*7=` -> `7*7=9`.
 */

export interface Operator {
  readonly symbol: string;
  /** Names the stratum. */
  readonly name: string;
  /** For the prompt: what `x symbol y` means. */
  readonly meaning: string;
  readonly apply: (left: number, right: number) => number;
}

export interface Expression {
  /** One more than there are operators. */
  readonly digits: readonly number[];
  readonly operators: readonly Operator[];
}

/** From the most to the least frequent. The constants of the six maps were drawn once and are part of the task. */
export const operators: readonly Operator[] = [
  modular('+', 'add', 'x + y', (left, right) => left + right),
  modular('-', 'subtract', 'x - y', (left, right) => left - right),
  modular('*', 'multiply', 'x * y', (left, right) => left * right),
  { symbol: '<', name: 'min', meaning: 'the smaller of x and y', apply: Math.min },
  { symbol: '>', name: 'max', meaning: 'the larger of x and y', apply: Math.max },
  {
    symbol: '%',
    name: 'distance',
    meaning: 'the absolute difference of x and y',
    apply: (left, right) => Math.abs(left - right),
  },
  affine('a', 3, 7, 2),
  affine('b', 9, 4, 5),
  affine('c', 7, 1, 8),
  affine('d', 2, 9, 1),
  affine('e', 6, 3, 4),
  affine('f', 1, 8, 7),
];

/** An expression has at most this many operators. */
const stepsMax = 5;

/** Every character that a question or an answer is made of. */
export const alphabet = `0123456789${operators.map(({ symbol }) => symbol).join('')}=`;

const bySymbol = new Map(operators.map((operator) => [operator.symbol, operator]));
const questionForm = new RegExp(`^[0-9](?:[^0-9=][0-9]){1,${stepsMax}}=$`);

/** Reads `3+4*7=`, surrounding white space allowed; `null` when it is none. */
export function parseExpression(question: string): Expression | null {
  const text = question.trim();
  if (!questionForm.test(text)) {
    return null;
  }
  const symbols = [...text.slice(0, -1)].filter((_, index) => index % 2 === 1);
  const found = symbols.flatMap((symbol) => bySymbol.get(symbol) ?? []);
  if (found.length !== symbols.length) {
    return null;
  }
  return { digits: [...text.slice(0, -1)].filter((_, index) => index % 2 === 0).map(Number), operators: found };
}

/** The question's text, `=` included. */
export function formatExpression({ digits, operators: between }: Expression): string {
  return `${digits.map((digit, index) => `${digit}${between[index]?.symbol ?? ''}`).join('')}=`;
}

/** What stands behind the question's `=`: the rest after each step, and the final digit. One step: the digit alone. */
export function workExpression(expression: Expression): string {
  const [operator, ...later] = expression.operators;
  const [left, right, ...others] = expression.digits;
  if (operator === undefined || left === undefined || right === undefined) {
    throw new RangeError(`an expression has at least one operator, this one is ${formatExpression(expression)}`);
  }
  const result = operator.apply(left, right);
  if (later.length === 0) {
    return String(result);
  }
  const rest = { digits: [result, ...others], operators: later };
  return `${formatExpression(rest)}${workExpression(rest)}`;
}

/**
 * Whether a text has the form of a working of this expression: the same operators, one fewer after each step, then one
 * digit. The digits themselves may be wrong.
 */
export function hasFormOfWorking(text: string, { operators: between }: Expression): boolean {
  const steps = text.split('=');
  return (
    steps.length === between.length &&
    steps.every((step, index) => step.replace(/[0-9]/g, '0') === shapeOf(between.slice(index + 1)))
  );
}

/** The rank of an operator in the order of frequency, from 0. */
export function rarity(operator: Operator): number {
  return operators.indexOf(operator);
}

const shapeOf = (between: readonly Operator[]) => `0${between.map(({ symbol }) => `${symbol}0`).join('')}`;

function modular(
  symbol: string,
  name: string,
  formula: string,
  apply: (left: number, right: number) => number,
): Operator {
  return {
    symbol,
    name,
    meaning: `the last digit of ${formula}, counted up from 0 (modulo 10)`,
    apply: (left, right) => ((apply(left, right) % 10) + 10) % 10,
  };
}

function affine(symbol: string, x: number, y: number, z: number): Operator {
  return modular(symbol, `map-${symbol}`, `${x} * x + ${y} * y + ${z}`, (left, right) => left * x + right * y + z);
}
