import { linearRegression } from 'simple-statistics';

export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The line of best fit by least squares; `null` where the first coordinate does not vary. */
export function lineFit(points: readonly (readonly [number, number])[]): Line | null {
  if (new Set(points.map(([first]) => first)).size < 2) {
    return null;
  }
  const { m, b } = linearRegression(points.map(([first, second]) => [first, second]));
  return { slope: m, intercept: b };
}
