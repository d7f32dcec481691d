import { stripVTControlCharacters } from 'node:util';
import { renderLive, renderPlain, renderStatus } from './live-view';
import type { RunSnapshot, Snapshot } from './snapshot';

const waiting: RunSnapshot = {
  ...{ run: 'small', state: 'waiting', step: '', stepSeconds: 0, iteration: 0, iterationsDone: 0, iterations: 4 },
  ...{ progress: null, ratePerSecond: null, rowsAccepted: 0, rowsPlanned: 4000, accuracy: null, interval: null },
  ...{ accuracyChange: null, macroAccuracy: null, budget: null, projectedUsd: null, unknownCalls: 0, inFlight: 0 },
  ...{ oldestCallSeconds: null, secondsLeft: null, waitingFor: null, waitingSince: null, changes: [] },
};

const generating: RunSnapshot = {
  ...waiting,
  ...{ state: 'running', step: 'generate', stepSeconds: 12, iteration: 2, iterationsDone: 1 },
  progress: { done: 1250, total: 1500, unit: 'rows' },
  ...{ ratePerSecond: 104.2, rowsAccepted: 2250, oldestCallSeconds: 3.4, inFlight: 32 },
  ...{ accuracy: 0.5, interval: { low: 0.46, high: 0.54 }, accuracyChange: 0.125, macroAccuracy: 0.4 },
  budget: {
    samples: { spent: 2250, held: 32, cap: 4000 },
    tokens: { spent: 500_000, held: 90_000, cap: null },
    usd: { spent: 1.25, held: 0.02, cap: 10 },
  },
  ...{ projectedUsd: 2.5, secondsLeft: 3725 },
};

const snapshotOf = (runs: readonly RunSnapshot[], name = 'small'): Snapshot => ({
  ...{ name, elapsedSeconds: 65, source: 'live', waitingFor: null, parallelRuns: null, changes: [], runs: [...runs] },
  teacher: { bought: 4500, shared: 0, inFlight: 32, unknown: 0, tokens: 500_000, usd: 1.25 },
});

const many = (count: number) =>
  snapshotOf(
    Array.from({ length: count }, (_, index) => ({
      ...(index % 3 === 0 ? generating : waiting),
      run: `grid/${index % 2 === 0 ? 'loss' : 'random'}-seed=${index}`,
    })),
    'grid',
  );

describe('the live view', () => {
  it('tells of a run in one line beside the bar, where there is room', () => {
    expect(renderLive(snapshotOf([generating]), 200)).toEqual([
      'small  0/1 run complete   running 00:01:05   4,500 answers bought, 500,000 tokens, $1.25 of $10.00 (projected $2.50)',
      '  small  █████████░░░░░░░  2,250/4,000 rows   iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s, 01:02:05 left   accuracy 0.500 [0.460, 0.540], +0.125, macro 0.400',
      'Ctrl-C stops here; the same command goes on from where it was.',
    ]);
  });

  it('says what is done now first, without a bar, where there is little room', () => {
    const [, line] = renderLive(snapshotOf([generating]), 60);
    expect(line).toBe('  small  iteration 2 of 4, generate 1,250/1,500 rows, 104.2…');
  });

  it.each([10, 20, 40, 60, 80, 89, 90, 120, 200])(
    'fits a terminal of %i columns, with any number of runs',
    (columns) => {
      for (const snapshot of [snapshotOf([waiting]), snapshotOf([generating]), many(40)]) {
        const lines = renderLive(snapshot, columns);
        expect(lines).toHaveLength(snapshot.runs.length + 2);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      }
    },
  );

  it('fits a low terminal: what is at work is shown, the rest is counted', () => {
    const lines = renderLive(many(40), 120, 20);
    expect(lines).toHaveLength(19);
    expect(lines.slice(1, 16).map((line) => line.trim().split(' ')[0])).toEqual([
      ...['loss-seed=0', 'random-seed=1', 'loss-seed=2', 'random-seed=3', 'loss-seed=6', 'random-seed=9'],
      ...['loss-seed=12', 'random-seed=15', 'loss-seed=18', 'random-seed=21', 'loss-seed=24', 'random-seed=27'],
      ...['loss-seed=30', 'random-seed=33', 'loss-seed=36'],
    ]);
    expect(lines[17]).toBe('  and 24 more: 24 waiting');
  });

  it('says the name of an experiment once, and puts its runs under each other', () => {
    const [header, ...lines] = renderLive(many(3), 160);
    expect(header).toMatch(/^grid {2}0\/3 runs complete/);
    expect(lines.slice(0, 3).map((line) => line.slice(0, 22))).toEqual([
      '  loss-seed=0    █████',
      '  random-seed=1  ░░░░░',
      '  loss-seed=2    ░░░░░',
    ]);
  });

  it('says what is waited for, of each run and of the experiment', () => {
    const held = { ...many(2), waitingFor: 'paused by ann' };
    const runs = held.runs.map((run) => ({ ...run, waitingFor: 'no credit' }));
    expect(renderLive({ ...held, runs }, 120).slice(3, 6)).toEqual([
      '  grid waits: paused by ann',
      '  grid/loss-seed=0 waits: no credit',
      '  grid/random-seed=1 waits: no credit',
    ]);
  });

  it('is text alone, whatever NO_COLOR says: nothing in it is told by colour', () => {
    const drawn = [...renderLive(many(3), 120), renderPlain(many(3)), ...renderStatus(many(3), 120)].join('\n');
    expect(stripVTControlCharacters(drawn)).toBe(drawn);
  });
});

describe('what is not drawn over itself', () => {
  it('is one line for a log, of the runs at work', () => {
    expect(renderPlain(many(4)).split('; ')).toEqual([
      '00:01:05  0/4 runs complete, 4,500 answers bought, 500,000 tokens, $1.25 (projected $5.00)',
      'loss-seed=0: iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
      'random-seed=3: iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
    ]);
  });

  it('is a paragraph in status, with the account and the last changes', () => {
    const changes = [{ who: 'ann@box', at: '2026-01-01T00:00:00.000Z', what: 'budget --usd 10' }];
    expect(renderStatus(snapshotOf([{ ...generating, changes }]), 200).slice(1)).toEqual([
      '  small  iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
      '    rows     2,250 of 4,000',
      '    budget   2,250 of 4,000 rows, 500,000 tokens, $1.25 of $10.00 (projected $2.50)',
      '    calls    32 in flight, the oldest for 3 s, 0 unknown',
      '    student  accuracy 0.500 [0.460, 0.540], +0.125, macro 0.400',
      '    left     about 01:02:05',
      '    changed  budget --usd 10, by ann@box at 2026-01-01T00:00:00.000Z',
    ]);
  });
});
