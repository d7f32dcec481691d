import { plain } from './output';
import type { Snapshot } from './snapshot';

const snapshot: Snapshot = {
  ...{
    name: 'small',
    elapsedSeconds: 65,
    source: 'workspace',
    waitingFor: null,
    parallelRuns: null,
    changes: [],
    runs: [],
  },
  teacher: { bought: 0, shared: 0, inFlight: 0, unknown: 0, tokens: 0, usd: 0 },
};

describe('progress in a log', () => {
  const lines: string[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    lines.length = 0;
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text).slice(0, 8)) > 0);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  test('is one line every five seconds, however often the work is looked at', () => {
    const output = plain();
    for (let looks = 0; looks < 100; looks += 1) {
      output.snapshot(snapshot);
      jest.advanceTimersByTime(100);
    }
    output.close();
    expect(lines).toHaveLength(3);
  });

  test('goes on while a look waits for a server that is away, with the time that has passed', () => {
    const output = plain();
    output.snapshot(snapshot);
    jest.advanceTimersByTime(10_000);
    output.close();
    jest.advanceTimersByTime(10_000);
    expect(lines).toEqual(['00:01:05', '00:01:09', '00:01:14']);
  });
});
