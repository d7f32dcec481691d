import { capturePrinted } from '../../test/support/printed';
import { generating, snapshotOf } from '../../test/support/snapshots';
import { openOutput, plain } from './output';

const snapshot = snapshotOf([]);

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

  test('is one line every five seconds, however often a snapshot is taken', () => {
    const output = plain();
    for (let looks = 0; looks < 100; looks += 1) {
      output.snapshot(snapshot);
      jest.advanceTimersByTime(100);
    }
    output.close();
    expect(lines).toHaveLength(3);
  });

  test('continues while a snapshot waits for a server that does not answer, with the time that has passed', () => {
    const output = plain();
    output.snapshot(snapshot);
    jest.advanceTimersByTime(10_000);
    output.close();
    jest.advanceTimersByTime(10_000);
    expect(lines).toEqual(['00:01:05', '00:01:09', '00:01:14']);
  });
});

it('an iteration that finishes is told once; one that had finished before is no news to a person', () => {
  const printed = capturePrinted();
  const output = openOutput({ json: true });
  for (const iterationsDone of [1, 1, 2, 2]) {
    output.snapshot(snapshotOf([{ ...generating, iterationsDone }]));
  }
  output.close();
  jest.restoreAllMocks();
  expect(printed().match(/^small: iteration \d of 4 finished.* left$/gm)).toEqual([
    expect.stringContaining('iteration 2 of 4 finished, 2,250 of 4,000 rows'),
  ]);
  const events = printed().match(/^\{"event":"iteration".*$/gm) ?? [];
  expect(events.map((line) => JSON.parse(line))).toMatchObject([
    { iteration: 1, secondsLeft: 3725 },
    { iteration: 2, secondsLeft: 3725 },
  ]);
});
