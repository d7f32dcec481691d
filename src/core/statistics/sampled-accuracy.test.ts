import fc from 'fast-check';
import { type Sample, sampledAccuracy } from './sampled-accuracy';

const right = (readAs = '7'): Sample => ({ correct: true, verdict: 'correct', readAs });
const wrong = (readAs: string): Sample => ({ correct: false, verdict: 'wrong', readAs });
const unreadable: Sample = { correct: false, verdict: 'unreadable', readAs: null };
const unmeasured: Sample = { correct: false, verdict: 'unmeasured', readAs: null };

describe('several sampled answers to each question', () => {
  it('have a mean, the unbiased pass@k and a majority', () => {
    const { mean, passAt, majority, questions } = sampledAccuracy([
      [right(), right('7.0'), wrong('8'), wrong('9')],
      [wrong('1'), wrong('1'), right(), unreadable],
    ]);
    expect(questions).toBe(2);
    expect(mean.share).toBeCloseTo((2 / 4 + 1 / 4) / 2);
    expect(passAt['1']?.share).toBeCloseTo(mean.share);
    // One of two: 1 - C(2,2)/C(4,2) = 5/6 and 1 - C(3,2)/C(4,2) = 1/2.
    expect(passAt['2']?.share).toBeCloseTo((5 / 6 + 1 / 2) / 2);
    expect(passAt['4']?.share).toBe(1);
    expect(majority.share).toBe(0.5);
  });

  it('count a question once in the intervals, however often it was answered', () => {
    const questions = Array.from({ length: 20 }, (_, index) => [index < 10 ? right() : wrong('1')]);
    const often = questions.map(([sample]) => Array.from({ length: 50 }, () => sample as Sample));
    const once = sampledAccuracy(questions).mean;
    const repeated = sampledAccuracy(often).mean;
    expect(repeated.share).toBe(once.share);
    expect(repeated.low).toBeCloseTo(once.low, 10);
    expect(repeated.high).toBeCloseTo(once.high, 10);
  });

  it('that could not be measured do not count, and nothing measured leaves everything possible', () => {
    expect(sampledAccuracy([[right(), unmeasured]]).mean.share).toBe(1);
    expect(sampledAccuracy([[unmeasured]])).toMatchObject({ questions: 0, mean: { share: 0, low: 0, high: 1 } });
    expect(sampledAccuracy([])).toMatchObject({ questions: 0, majority: { low: 0, high: 1 } });
  });

  it('have shares inside their intervals, which lie between 0 and 1, and pass@k that rises with k', () => {
    const sample = fc.constantFrom(right(), wrong('1'), wrong('2'), unreadable, unmeasured);
    const table = fc.array(fc.array(sample, { minLength: 4, maxLength: 4 }), { maxLength: 30 });
    fc.assert(
      fc.property(table, (questions) => {
        const { mean, majority, passAt } = sampledAccuracy(questions);
        const shares = Object.values(passAt);
        for (const { share, low, high } of [mean, majority, ...shares]) {
          expect(low).toBeGreaterThanOrEqual(0);
          expect(low).toBeLessThanOrEqual(share + 1e-12);
          expect(high).toBeGreaterThanOrEqual(share - 1e-12);
          expect(high).toBeLessThanOrEqual(1);
        }
        expect(shares.every(({ share }, index) => share >= (shares[index - 1]?.share ?? 0) - 1e-12)).toBe(true);
      }),
    );
  });
});
