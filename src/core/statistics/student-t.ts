import { gammaln } from 'simple-statistics';
import { tail } from './interval';

/** Probability that |T| is at least |t|, for Student's t with `degrees` degrees of freedom. */
export function twoSidedP(t: number, degrees: number): number {
  return Number.isFinite(t) ? incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) : 0;
}

/** The 97.5 % point of Student's t: half-width of a 95 % interval, in standard errors. */
export function tQuantile(degrees: number): number {
  let low = 0;
  let high = 16;
  // Bisection: 60 halvings of 16 leave an error below 1e-16, and the function is called a few dozen times a report.
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (twoSidedP(middle, degrees) > 2 * tail) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (low + high) / 2;
}

/** The regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) {
    return x <= 0 ? 0 : 1;
  }
  // The fraction converges fast below the mean of the distribution only; above it the complement is taken.
  if (x > (a + 1) / (a + b + 2)) {
    return 1 - incompleteBeta(1 - x, b, a);
  }
  const logFront = gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x);
  return Math.exp(logFront) / a / continuedFraction(x, a, b);
}

/** 1 + d1 / (1 + d2 / (1 + ...)), evaluated from the front by Lentz's method. */
function continuedFraction(x: number, a: number, b: number): number {
  let value = 1;
  let numerator = 1;
  let denominator = 0;
  for (let term = 1; term < 500; term += 1) {
    const m = Math.floor(term / 2);
    const d =
      term % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    denominator = 1 / nonZero(1 + d * denominator);
    numerator = nonZero(1 + d / numerator);
    value *= numerator * denominator;
    if (Math.abs(numerator * denominator - 1) < 1e-15) {
      break;
    }
  }
  return value;
}

const nonZero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
