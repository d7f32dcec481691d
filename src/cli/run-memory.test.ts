import { RunMemory } from './run-memory';
import type { RunSnapshot } from './snapshot';

const generating: RunSnapshot = {
  ...{ run: 'small', state: 'running', step: 'generate', stepSeconds: 600, iteration: 2, iterationsDone: 1 },
  ...{ iterations: 4, progress: null, ratePerSecond: null, rowsAccepted: 0, rowsPlanned: 4000, accuracy: null },
  ...{ interval: null, accuracyChange: null, macroAccuracy: null, budget: null, projectedUsd: null },
  ...{
    unknownCalls: 0,
    failedCalls: 0,
    inFlight: 64,
    oldestCallSeconds: null,
    secondsLeft: null,
    secondsLeftMax: null,
    waitingFor: null,
  },
  ...{ waitingSince: null, changes: [], failure: null },
};
const at = (done: number): RunSnapshot => ({ ...generating, progress: { done, total: 400, unit: 'rows' } });

/** The rate after snapshots of [seconds, rows done]. */
function rateAfter(...seen: readonly (readonly [number, number])[]) {
  const memory = new RunMemory();
  return seen.map(([seconds, done]) => memory.see(at(done), seconds * 1000).ratePerSecond).at(-1);
}

describe('the rate of a step', () => {
  it('is that of the rows that came in, whatever was done before it was looked at', () => {
    expect(rateAfter([0, 200], [5, 245])).toBe(9);
  });

  it('is that of the last half minute', () => {
    expect(rateAfter([0, 0], [10, 100], [40, 130], [50, 140])).toBe(1);
  });

  it('is not told from less than two seconds', () => {
    expect(rateAfter([0, 0], [1, 50])).toBeNull();
  });

  it('is nothing while nothing comes in, and never negative', () => {
    expect(rateAfter([0, 50], [20, 50])).toBe(0);
    expect(rateAfter([0, 50], [20, 45])).toBe(0);
  });

  it('begins anew with the next step', () => {
    const memory = new RunMemory();
    memory.see(at(400), 0);
    expect(memory.see({ ...at(10), step: 'finetune' }, 60_000).ratePerSecond).toBeNull();
  });
});

describe('a run whose server could not be asked', () => {
  const resting: RunSnapshot = { ...generating, state: 'interrupted', step: '', inFlight: 12 };

  it('is shown as it was last seen, with the calls of the ledger', () => {
    const memory = new RunMemory();
    memory.see(at(40), 0);
    expect(memory.unanswered(resting)).toMatchObject({ state: 'running', step: 'generate', inFlight: 12 });
  });

  it('is what the workspace says where it was never seen at work', () => {
    expect(new RunMemory().unanswered(resting)).toBe(resting);
  });
});
