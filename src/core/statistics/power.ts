import { gammaln } from 'simple-statistics';
import { tQuantile } from './student-t';

/** The power that designs are usually made for. */
export const POWER_WANTED = 0.8;

const STEPS = 400;

/**
 * The share of experiments in which a paired t-test at the 5 % level finds a true difference, by the noncentral t
 * distribution: the normal chance beyond the limit, averaged over how the standard deviation is estimated.
 *
 * @param pairs random seeds that both arms have, at least two
 * @param effect the true difference in standard deviations of the paired differences
 */
export function pairedPower(pairs: number, effect: number): number {
  const degrees = pairs - 1;
  const limit = tQuantile(degrees);
  const shift = effect * Math.sqrt(pairs);
  // Of the estimated over the true standard deviation, chi over the root of its degrees of freedom.
  const most = 1 + 8 / Math.sqrt(degrees);
  const logScale = Math.log(2) + (degrees / 2) * Math.log(degrees / 2) - gammaln(degrees / 2);
  let power = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const ratio = ((step + 0.5) / STEPS) * most;
    const density = Math.exp(logScale + (degrees - 1) * Math.log(ratio) - (degrees * ratio ** 2) / 2);
    power += density * (normalAbove(limit * ratio - shift) + normalAbove(limit * ratio + shift)) * (most / STEPS);
  }
  return Math.min(1, power);
}

/** The smallest true difference, in standard deviations, that is found in 80 % of experiments. */
export function resolvedEffect(pairs: number): number {
  let [low, high] = [0, 100];
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (pairedPower(pairs, middle) < POWER_WANTED) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
}

/** The chance that a standard normal is above z (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function normalAbove(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const above = (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? above : 1 - above;
}
