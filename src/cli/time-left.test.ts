import { timeLeft } from './time-left';

const left = (changed: Partial<Parameters<typeof timeLeft>[0]> = {}) =>
  timeLeft({ lastIterationMs: 60_000, iterationsDone: 2, iterations: 4, elapsedMs: 0, grows: true, ...changed });

describe('the time that a run still takes', () => {
  it('is between equal iterations and ones that grow with the rows', () =>
    expect(left()).toEqual({ low: 120, high: 60 * 1.5 + 60 * 2 }));
  it('is one figure where finetuning does not start over', () =>
    expect(left({ grows: false })).toEqual({ low: 120, high: 120 }));
  it('is less by what the current iteration has taken', () =>
    expect(left({ elapsedMs: 30_000 })).toEqual({ low: 90, high: 180 }));
  it('is never negative, and nothing after the last iteration', () => {
    expect(left({ elapsedMs: 1e9 })).toEqual({ low: 0, high: 0 });
    expect(left({ iterationsDone: 4 })).toEqual({ low: 0, high: 0 });
  });
});
