/** A two-sided 95 % interval. Every interval of the product has this level, so that figures can be compared. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of the standard normal distribution. */
export const normalQuantile = 1.959963984540054;

/** The tail left out on each side. */
export const tail = 0.025;
