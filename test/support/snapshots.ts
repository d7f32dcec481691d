import type { RunSnapshot, Snapshot } from '../../src/cli/snapshot';

/** Not started. */
export const waiting: RunSnapshot = {
  ...{
    run: 'small',
    state: 'pending',
    failure: null,
    step: '',
    stepSeconds: 0,
    iteration: 0,
    iterationsDone: 0,
    iterations: 4,
  },
  ...{ progress: null, ratePerSecond: null, rowsAccepted: 0, rowsPlanned: 4000, accuracy: null, interval: null },
  ...{
    accuracyChange: null,
    macroAccuracy: null,
    budget: null,
    projectedUsd: null,
    unknownCalls: 0,
    failedCalls: 0,
    inFlight: 0,
  },
  ...{
    oldestCallSeconds: null,
    secondsLeft: null,
    secondsLeftMax: null,
    waitingFor: null,
    waitingSince: null,
    changes: [],
  },
};

/** In the second of four iterations. */
export const generating: RunSnapshot = {
  ...waiting,
  ...{ state: 'running', step: 'generate', stepSeconds: 12, iteration: 2, iterationsDone: 1 },
  progress: { done: 1250, total: 1500, unit: 'rows' },
  ...{ ratePerSecond: 104.2, rowsAccepted: 2250, oldestCallSeconds: 3.4, inFlight: 32 },
  ...{ accuracy: 0.5, interval: { low: 0.46, high: 0.54 }, accuracyChange: 0.125, macroAccuracy: 0.4 },
  budget: {
    samples: { spent: 2250, reserved: 32, cap: 4000 },
    tokens: { spent: 500_000, reserved: 90_000, cap: null },
    usd: { spent: 1.25, reserved: 0.02, cap: 10 },
  },
  ...{ projectedUsd: 2.5, secondsLeft: 3725 },
};

export const snapshotOf = (runs: readonly RunSnapshot[], name = 'small'): Snapshot => ({
  ...{ name, elapsedSeconds: 65, source: 'live', waitingFor: null, parallelRuns: null, changes: [], runs: [...runs] },
  teacher: { bought: 4500, shared: 0, inFlight: 32, unknown: 0, failed: 0, tokens: 500_000, usd: 1.25 },
});
