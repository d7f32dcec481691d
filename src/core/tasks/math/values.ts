import { workArithmetic } from '../reading/arithmetic';
import { parseNumber } from '../reading/numbers';
import { equal, multiply, type Rational, rational } from '../reading/rational';

/** `-\frac{3}{4}`, `1 \frac{1}{2}`, `1,234`, `1.2*10^3`, `3:2`, as an exact value. */
export function exactValueOf(text: string): Rational | null {
  const bare = /^\(([^(),]*)\)$/.exec(text)?.[1] ?? text;
  const ratio = /^(\d+):(\d+)$/.exec(bare);
  const plain = ratio === null ? bare : `${ratio[1]}/${ratio[2]}`;
  if (!/^[-+\d.,/ *^{}e]|^\\frac/.test(plain) || /[[(]|\\(?!frac)|(?<![a-z])[a-z]$/i.test(plain)) {
    return null;
  }
  return parseNumber(plain) ?? workArithmetic(plain)?.value ?? null;
}

interface Value {
  readonly value: Rational;
  readonly unit: string;
}

/** Equal numbers; a percentage is a hundredth where only one of the two says that it is one. */
export function sameValue(right: Value, said: Value): boolean {
  const hundredth = rational(1n, 100n);
  return (
    equal(right.value, said.value) ||
    (right.unit === '%' && said.unit === '' && equal(multiply(right.value, hundredth), said.value)) ||
    (said.unit === '%' && right.unit === '' && equal(right.value, multiply(said.value, hundredth)))
  );
}
