import { randomStream } from '../random';
import { type CurvePair, costInterval, equalAccuracy } from './equal-accuracy';
import { type Curve, costToReach } from './learning-curve';
import { pairedDifference } from './paired-t';

/** Checkpoints at every 100 of cost. */
const curve = (...accuracies: number[]): Curve =>
  accuracies.map((accuracy, index) => ({ cost: 100 * index, accuracy }));
const shifted = (shifts: readonly number[], arm: readonly number[], baseline: readonly number[]): CurvePair[] =>
  shifts.map((shift) => ({ arm: curve(...arm.map((value) => value + shift)), baseline: curve(...baseline) }));

describe('the cost at which a curve has an accuracy', () => {
  it.each([
    ['between checkpoints', 0.55, 75],
    ['at a checkpoint', 0.6, 100],
    ['before the first row', 0.3, 0],
    ['after a fall', 0.65, 250],
  ])('is found %s', (_, accuracy, cost) => {
    const found = costToReach(curve(0.4, 0.6, 0.5, 0.8), accuracy);
    expect(found.reached && found.cost).toBeCloseTo(cost, 9);
  });

  it('is the first crossing on a flat stretch, and "not reached" above the curve', () => {
    expect(costToReach(curve(0.4, 0.5, 0.5), 0.5)).toEqual({ reached: true, cost: 100 });
    expect(costToReach(curve(0.4, 0.6), 0.61)).toEqual({ reached: false });
  });

  it('has the interval in which a paired t-test does not tell it from the target', () => {
    // Differences from the target of 0.55 are 0.002 x + shift - 0.15 with shifts of -0.01, 0 and 0.01: the half-width of
    // the t interval is 4.3027 x 0.01 / sqrt 3 = 0.024842, so x = 75 -/+ 12.42.
    const curves = [-0.01, 0, 0.01].map((shift) => curve(0.4 + shift, 0.6 + shift, 0.8 + shift));
    const interval = costInterval(curves, [0.55, 0.55, 0.55]);
    expect(interval?.low).toBeCloseTo(75 - 12.421, 2);
    expect(interval?.high).toBeCloseTo(75 + 12.421, 2);
  });

  it.each([
    ['above the whole curve', 0.9, { low: null, high: null }],
    ['below the whole curve', 0.1, { low: 0, high: 0 }],
  ])('has no number where the target is %s', (_, target, expected) => {
    const curves = [-0.01, 0, 0.01].map((shift) => curve(0.4 + shift, 0.6 + shift));
    expect(costInterval(curves, [target, target, target])).toEqual(expected);
  });

  it('has an open end where the last checkpoint cannot be told from the target, and no interval from one seed', () => {
    const curves = [-0.05, 0, 0.05].map((shift) => curve(0.1, 0.6 + shift));
    expect(costInterval(curves, [0.55, 0.55, 0.55])).toMatchObject({ high: null });
    expect(costInterval([curve(0.4, 0.6)], [0.5])).toBeNull();
  });

  it('has an interval of no width, at the crossing, where seeds do not differ', () => {
    const interval = costInterval([curve(0.4, 0.6), curve(0.4, 0.6)], [0.5, 0.5]);
    expect(interval?.low).toBeCloseTo(50, 6);
    expect(interval?.high).toBeCloseTo(50, 6);
  });
});

describe('how many times the cost the baseline needs', () => {
  it('is above 1 for a better arm and below 1 for a worse one, as computed by hand', () => {
    const [better, worse] = [
      [0.4, 0.6, 0.8],
      [0.4, 0.5, 0.6],
    ];
    // The arm has 0.6 at 100 of 200.
    expect(equalAccuracy(shifted([0], better, worse), 200).ratio).toBeCloseTo(2, 9);
    expect(equalAccuracy(shifted([0], worse, better), 200).ratio).toBeCloseTo(0.5, 9);
  });

  it('has no finite number where the base student has it already, and is 0 where the baseline does', () => {
    expect(equalAccuracy(shifted([0], [0.5, 0.6], [0.3, 0.4]), 100).ratio).toBeNull();
    expect(equalAccuracy(shifted([0], [0.3, 0.4], [0.5, 0.6]), 100).ratio).toBe(0);
  });

  it('is compared where both have got, by interpolation', () => {
    const arm = [
      { cost: 0, accuracy: 0.4 },
      { cost: 90, accuracy: 0.58 },
      { cost: 260, accuracy: 0.9 },
    ];
    expect(equalAccuracy([{ arm, baseline: curve(0.4, 0.5, 0.58) }], 200).ratio).toBeCloseTo(200 / 90, 9);
  });

  it('has an interval with 1 inside exactly where a paired t-test finds no difference at the end', () => {
    const stream = randomStream('ratio-and-test');
    const seen = { inside: 0, outside: 0 };
    for (let draw = 0; draw < 200; draw += 1) {
      const pairs = simulated(stream, { seeds: 4, noise: 0.02, times: 1 + stream.next() });
      const { low = 0, high = null } = equalAccuracy(pairs, 400).interval ?? {};
      const holdsOne = (low ?? Number.POSITIVE_INFINITY) <= 1 && (high ?? Number.POSITIVE_INFINITY) >= 1;
      const { p } = pairedDifference(
        pairs.map(({ arm }) => arm.at(-1)?.accuracy ?? 0),
        pairs.map(({ baseline }) => baseline.at(-1)?.accuracy ?? 0),
      );
      expect(holdsOne).toBe((p ?? 1) >= 0.05);
      seen[holdsOne ? 'inside' : 'outside'] += 1;
    }
    expect(Math.min(seen.inside, seen.outside)).toBeGreaterThan(20);
  });

  it.each([2, 3, 5, 8])('has an interval that holds the truth 95 times in 100, with %i seeds', (seeds) => {
    const draws = 900;
    let held = 0;
    const stream = randomStream('coverage', seeds);
    for (let draw = 0; draw < draws; draw += 1) {
      const times = [1, 1.5, 0.6][draw % 3] as number;
      const pairs = simulated(stream, { seeds, noise: 0.015, times });
      const { low, high } = equalAccuracy(pairs, 400).interval ?? { low: 1, high: 0 };
      held += Number((low ?? Number.POSITIVE_INFINITY) <= times && times <= (high ?? Number.POSITIVE_INFINITY));
    }
    // The hull of several stretches holds it somewhat more often, with two seeds.
    expect(held / draws).toBeGreaterThan(0.93);
    expect(held / draws).toBeLessThan(seeds === 2 ? 0.98 : 0.97);
  });
});

/** Pairs from straight curves of which the arm's is `times` as steep: it needs so many times fewer rows. */
function simulated(
  stream: ReturnType<typeof randomStream>,
  { seeds, noise, times }: { seeds: number; noise: number; times: number },
): CurvePair[] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - stream.next())) * Math.cos(2 * Math.PI * stream.next());
  const slope = 0.3 / 400;
  return Array.from({ length: seeds }, () => {
    const shared = 0.03 * normal();
    const noisy = (steepness: number) =>
      curve(...[0, 100, 200, 300, 400].map((cost) => 0.4 + shared + steepness * slope * cost + noise * normal()));
    return { arm: noisy(times), baseline: noisy(1) };
  });
}
