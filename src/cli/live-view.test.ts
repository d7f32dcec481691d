import { stripVTControlCharacters } from 'node:util';
import { generating, snapshotOf, waiting } from '../../test/support/snapshots';
import { renderIteration, renderLive, renderPlain, renderStatus } from './live-view';
import type { RunSnapshot } from './snapshot';

const many = (count: number) =>
  snapshotOf(
    Array.from({ length: count }, (_, index) => ({
      ...(index % 3 === 0 ? generating : waiting),
      run: `grid/${index % 2 === 0 ? 'loss' : 'random'}-seed=${index}`,
    })),
    'grid',
  );

describe('the live view', () => {
  it('shows a run in one line beside the bar on a wide terminal', () => {
    expect(renderLive(snapshotOf([generating]), 200)).toEqual([
      'small  0/1 run complete   running 00:01:05   4,500 answers bought, 500,000 tokens, $1.25 of $10.00 (projected $2.50)',
      '  small  █████████░░░░░░░  2,250/4,000 rows   iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s, 01:02:05 left   accuracy 0.500 [0.460, 0.540], +0.125, macro 0.400',
      'Ctrl-C interrupts the run; the same command resumes it.',
    ]);
  });

  it.each([120, 90, 60, 40, 24])('never cuts off the money, on a terminal of %i columns', (columns) => {
    expect(renderLive(snapshotOf([generating]), columns)[0]).toContain('$1.25 of $10.00');
  });

  it('says why a step waits, and when it will be through where no iteration has shown its pace yet', () => {
    const progress = { done: 100, total: 400, unit: 'rows', note: 'the endpoint asks for 30 s of patience' };
    const slow: RunSnapshot = { ...generating, progress, ratePerSecond: 10, secondsLeft: null };
    const [, line] = renderLive(snapshotOf([slow]), 200);
    expect(line).toContain(
      'generate 100/400 rows, 10.0 rows/s, 00:00:30 left in this step, the endpoint asks for 30 s of patience',
    );
  });

  it('shows the current step first, without a bar, on a narrow terminal', () => {
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

  it('fits a terminal of few lines: running runs are shown, the others counted', () => {
    const lines = renderLive(many(40), 120, 20);
    expect(lines).toHaveLength(19);
    expect(lines.slice(1, 16).map((line) => line.trim().split(' ')[0])).toEqual([
      ...['loss-seed=0', 'random-seed=1', 'loss-seed=2', 'random-seed=3', 'loss-seed=6', 'random-seed=9'],
      ...['loss-seed=12', 'random-seed=15', 'loss-seed=18', 'random-seed=21', 'loss-seed=24', 'random-seed=27'],
      ...['loss-seed=30', 'random-seed=33', 'loss-seed=36'],
    ]);
    expect(lines[17]).toBe('  and 24 more: 24 pending');
  });

  it('shows the name of an experiment once, and its runs aligned', () => {
    const [header, ...lines] = renderLive(many(3), 160);
    expect(header).toMatch(/^grid {2}0\/3 runs complete/);
    expect(lines.slice(0, 3).map((line) => line.slice(0, 22))).toEqual([
      '  loss-seed=0    █████',
      '  random-seed=1  ░░░░░',
      '  loss-seed=2    ░░░░░',
    ]);
  });

  it('says what each run and the experiment wait for', () => {
    const paused = { ...many(2), waitingFor: 'paused by ann' };
    const runs = paused.runs.map((run) => ({ ...run, waitingFor: 'no credit' }));
    expect(renderLive({ ...paused, runs }, 120).slice(3, 6)).toEqual([
      '  grid is waiting: paused by ann',
      '  grid/loss-seed=0 is waiting: no credit',
      '  grid/random-seed=1 is waiting: no credit',
    ]);
  });

  it('is plain text: nothing depends on colour', () => {
    const drawn = [...renderLive(many(3), 120), renderPlain(many(3)), ...renderStatus(many(3), 120)].join('\n');
    expect(stripVTControlCharacters(drawn)).toBe(drawn);
  });
});

describe('output that is not redrawn', () => {
  it('is one line for a log, with the running runs', () => {
    expect(renderPlain(many(4)).split('; ')).toEqual([
      '00:01:05  0/4 runs complete, 4,500 answers bought, 500,000 tokens, $1.25 (projected $5.00)',
      'loss-seed=0: iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
      'random-seed=3: iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
    ]);
  });

  it('is a paragraph in status, with the account and the last changes', () => {
    const changes = [{ who: 'ann@box', at: '2026-01-01T00:00:00.000Z', what: 'budget --usd 10' }];
    expect(renderStatus(snapshotOf([{ ...generating, failedCalls: 2, changes }]), 200).slice(1)).toEqual([
      '  small  iteration 2 of 4, generate 1,250/1,500 rows, 104.2 rows/s, oldest call 3 s, 12 s',
      '    rows     2,250 of 4,000',
      '    budget   $1.25 of $10.00 (projected $2.50), 2,250 of 4,000 rows, 500,000 tokens',
      '    calls    32 in flight, the oldest for 3 s, 2 failed',
      '    student  accuracy 0.500 [0.460, 0.540], +0.125, macro 0.400',
      '    left     about 01:02:05',
      '    changed  budget --usd 10, by ann@box at 2026-01-01T00:00:00.000Z',
    ]);
  });
});

it('an iteration that has finished is one line, with the time left as a range', () => {
  expect(renderIteration({ ...generating, secondsLeftMax: 7325 })).toBe(
    'small: iteration 1 of 4 finished, 2,250 of 4,000 rows, accuracy 0.500 [0.460, 0.540], +0.125, macro 0.400, ' +
      '01:02:05 to 02:02:05 left',
  );
  expect(renderIteration({ ...waiting, iterationsDone: 4 })).toBe('small: iteration 4 of 4 finished, 0 of 4,000 rows');
});
