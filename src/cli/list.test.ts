import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallConfig } from '../../test/support/small-config';
import { parseConfigFile, type RunPlan } from '../core/config';
import { storeRunFailure } from '../store/failed-runs';
import { openLedger } from '../store/ledger';
import { appendRunLog } from '../store/run-log';
import { openWorkspace, type Workspace } from '../store/workspace';
import { storeLaunch } from './launch';
import { listLines } from './list';
import { logsCommand, logText, parseLine } from './logs';
import { snapshotsOf } from './status';

let workspace: Workspace;

beforeEach(async () => {
  workspace = await openWorkspace(await mkdtemp(join(tmpdir(), 'tutelage-list-')));
});

afterEach(() => rm(workspace.root, { recursive: true }));

async function storePlan(): Promise<string> {
  const parsed = parseConfigFile({ text: smallConfig, file: 'small.yaml', sets: [] });
  const plans = parsed.ok ? parsed.runs : [];
  const [{ run }] = plans as [RunPlan];
  await storeLaunch(workspace, { name: run, next: '', isExperiment: false, plans, parallelRuns: 1 });
  return run;
}

async function stateOf(run: string) {
  const ledger = await openLedger(workspace.ledger);
  try {
    const [snapshot] = await snapshotsOf(workspace, ledger, run, new Map());
    return snapshot?.runs[0];
  } finally {
    await ledger.close();
  }
}

it('a run that has not started is pending; one that failed says so, why and when', async () => {
  const run = await storePlan();
  expect(await stateOf(run)).toMatchObject({ state: 'pending', failure: null });
  await storeRunFailure(workspace, run, 'the endpoint is gone');
  expect(await stateOf(run)).toMatchObject({
    state: 'failed',
    failure: { reason: 'the endpoint is gone', at: expect.stringMatching(/^20\d\d-/) },
  });
});

it('the list has a line for each run or experiment, and says what to do where there is none', () => {
  const at = Date.parse('2026-01-01T00:00:00Z');
  const one = { event: 'listed' as const, rowsAccepted: 40, rowsPlanned: 1200, tokens: 3200, bytes: 1_234_567 };
  const changedAt = new Date(at - 150_000).toISOString();
  const lines = listLines(
    [
      { ...one, name: 'grid', runs: 4, states: { running: 2, pending: 2 }, usd: 0.5, changedAt },
      { ...one, name: 'small', runs: 1, states: { failed: 1 }, usd: 0, changedAt },
    ],
    at,
  );
  expect(lines).toEqual([
    'name   state                 rows      spent         changed    disk',
    'grid   2 running, 2 pending  40/1,200  $0.50         3 min ago  1.2 MB',
    'small  failed                40/1,200  3,200 tokens  3 min ago  1.2 MB',
  ]);
  expect(listLines([], at)).toContain('next: tutelage run FILE');
});

it('a log line shows time, level, iteration, step and message, without control sequences', () => {
  const entry = { at: '2026-01-01T00:00:00.000Z', level: 'warn', run: 'grid/loss-1', iteration: 2, step: 'generate' };
  const line = parseLine(JSON.stringify({ ...entry, message: 'waits\u001b[31m for the teacher' }));
  expect(logText(line, false)).toBe('2026-01-01T00:00:00.000Z  warn   iteration 2  generate  waits for the teacher');
  expect(logText(line, true)).toContain('  grid/loss-1  ');
  expect(logText(parseLine('{"at": "2026'), false)).toBe('{"at": "2026');
});

it('reads the lines that a run writes', async () => {
  const run = await storePlan();
  appendRunLog(workspace, run, [{ level: 'info', step: 'predict', message: 'done', iteration: 1 }]);
  process.env.TUTELAGE_HOME = workspace.root;
  const write = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    await logsCommand(run, { follow: false, json: false });
    expect(write.mock.calls.join('')).toMatch(/^20\S+ {2}info {3}iteration 1 {2}predict {2}done\n$/);
  } finally {
    write.mockRestore();
    delete process.env.TUTELAGE_HOME;
  }
});
