import { randomStream } from '../random';
import type { Interval } from './interval';
import { meanScore } from './mean-score';
import { pairedDifference } from './paired-t';
import { sampledAccuracy } from './sampled-accuracy';
import { spreadOf } from './spread';
import { wilsonInterval } from './wilson';

/**
 * Every interval that is printed says "95 %". Here the truth is known, and each must hold it 95 times in 100, within two
 * points. (Ratios of costs: equal-accuracy.test.ts.)
 */
const DRAWS = 800;

function coverage(name: string, truth: number, draw: (next: () => number) => Interval | null): number {
  const stream = randomStream('coverage', name);
  let held = 0;
  for (let index = 0; index < DRAWS; index += 1) {
    const { low, high } = draw(() => stream.next()) ?? { low: 1, high: 0 };
    held += Number(low <= truth && truth <= high);
  }
  return held / DRAWS;
}

const repeat = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
const normal = (next: () => number) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

const expectLevel = (found: number) => {
  expect(found).toBeGreaterThan(0.93);
  expect(found).toBeLessThan(0.97);
};

describe('a 95 % interval holds the truth 95 times in 100', () => {
  // Right answers are whole numbers, so the level of a single share steps; the mean over shares is what can be promised.
  it.each([30, 100])('of an accuracy over %i questions', (questions) => {
    const shares = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85];
    const found = shares.map((share) =>
      coverage(`accuracy ${questions} ${share}`, share, (next) =>
        wilsonInterval(repeat(questions, next).filter((value) => value < share).length, questions),
      ),
    );
    expectLevel(found.reduce((sum, one) => sum + one, 0) / found.length);
  });

  it.each([
    ['many of 0 and 1', 0.5, (next: () => number) => (next() < 0.6 ? Math.round(next()) : next())],
    ['mostly low', 0.2, (next: () => number) => next() ** 4],
    ['around the middle', 0.5, (next: () => number) => 0.4 + 0.2 * next()],
  ] as const)('of a mean score over 60 questions, %s', (name, truth, score) => {
    expectLevel(coverage(name, truth, (next) => meanScore(repeat(60, () => score(next)))));
  });

  it('of sampled answers, whose questions are what counts', () => {
    // 40 of 100 questions are answered right nearly always, the others nearly never.
    const truth = 0.4 * 0.95 + 0.6 * 0.03;
    const found = coverage('sampled', truth, (next) => {
      const questions = repeat(100, () => {
        const share = next() < 0.4 ? 0.95 : 0.03;
        return repeat(4, () => ({ correct: next() < share, readAs: '1' }));
      });
      return sampledAccuracy(questions).mean;
    });
    expectLevel(found);
  });

  it.each([2, 3, 5, 10])('of a mean over %i random seeds, and of a paired difference', (seeds) => {
    expectLevel(coverage(`spread ${seeds}`, 0, (next) => spreadOf(repeat(seeds, () => normal(next))).interval));
    const paired = coverage(`paired ${seeds}`, 0.5, (next) => {
      const shared = repeat(seeds, () => 3 * normal(next));
      return pairedDifference(
        shared.map((value) => value + 0.5 + normal(next)),
        shared.map((value) => value + normal(next)),
      ).interval;
    });
    expectLevel(paired);
  });
});
