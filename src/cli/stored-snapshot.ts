import { notesOf } from '../activities/steering';
import { loadRun } from '../analysis/load';
import { sumUsd, usdOf } from '../core/budget/price';
import type { RunPlan } from '../core/config';
import { plannedIterations, plannedRows } from '../core/run-plan-rows';
import type { EvaluationSummary, RunRecord } from '../core/run-record';
import { accuracyOf, macroAccuracyOf, measuredOf } from '../core/statistics/accuracy';
import { wilsonInterval } from '../core/statistics/wilson';
import { pausedReason, type Steering, unsteered } from '../core/steering';
import { type RunFailure, readRunFailure } from '../store/failed-runs';
import type { LedgerView } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import type { RunSnapshot, Snapshot } from './snapshot';

/** A run, and its share of what all runs together bought. */
export interface Seen {
  readonly snapshot: RunSnapshot;
  readonly teacher: Snapshot['teacher'];
  /** Rows whose answer came in the last half minute. */
  readonly recentSamples: number;
}

/** What the workspace knows about a run: its record, its account, what was changed, and what it waited for. */
export async function storedSnapshot(
  { workspace, ledger }: { readonly workspace: Workspace; readonly ledger: LedgerView | null },
  { run, config }: RunPlan,
): Promise<Seen> {
  const record = await loadRun(workspace.root, run);
  const notes = await notesOf(workspace, run);
  const steering = notes.steering ?? unsteered;
  const iterations = record?.iterations ?? [];
  const evaluations = record === null ? [] : [record.baseEvaluation, ...iterations.map(({ evaluation }) => evaluation)];
  const rowsAccepted = iterations.reduce((sum, { accepted }) => sum + accepted, 0);
  const rowsPlanned = plannedRows(config, steering);
  const { money, teacher, recentSamples } = await moneyOf(ledger, run);
  const isOver = record !== null && record.state !== 'running';
  const failure = isOver ? null : await readRunFailure(workspace, run);
  const waitingFor = isOver ? null : waitingText(run, notes.waiting?.waitingFor ?? null, steering);
  const snapshot: RunSnapshot = {
    run,
    state: storedState({ record, failure, waitingFor, isPaused: steering.paused !== null }),
    failure: failure && { reason: failure.reason, at: new Date(failure.atMs).toISOString() },
    step: '',
    stepSeconds: 0,
    iteration: iterations.length,
    iterationsDone: iterations.length,
    iterations: plannedIterations(config, steering),
    progress: null,
    ratePerSecond: null,
    rowsAccepted,
    rowsPlanned,
    ...accuracies(evaluations),
    ...money,
    projectedUsd: projected(money.budget?.usd.spent ?? 0, rowsAccepted, rowsPlanned),
    secondsLeft: null,
    secondsLeftMax: null,
    waitingFor,
    waitingSince: isOver ? null : isoOrNull(notes.waiting?.sinceMs ?? steering.paused?.atMs),
    changes: changesOf(steering),
  };
  return { snapshot, teacher, recentSamples };
}

/** The state of a run that no process works on. A pause outlives a failure: whoever resumes the run tries it again. */
function storedState(of: {
  readonly record: RunRecord | null;
  readonly failure: RunFailure | null;
  readonly waitingFor: string | null;
  readonly isPaused: boolean;
}): RunSnapshot['state'] {
  if (of.record !== null && of.record.state !== 'running') {
    return of.record.state;
  }
  if (of.failure !== null) {
    return 'failed';
  }
  if (of.waitingFor !== null) {
    return of.isPaused ? 'paused' : 'waiting';
  }
  return of.record === null ? 'pending' : 'interrupted';
}

export const changesOf = ({ changes }: Steering) =>
  changes.map(({ who, atMs, what }) => ({ who, at: new Date(atMs).toISOString(), what }));

export const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** At the price per row so far. */
export function projected(usd: number, rows: number, rowsPlanned: number): number | null {
  return usd === 0 || rows === 0 ? null : (usd / rows) * Math.max(rows, rowsPlanned);
}

function waitingText(run: string, noted: string | null, { paused }: Steering): string | null {
  return noted ?? (paused === null ? null : pausedReason(run, paused));
}

function accuracies(
  evaluations: readonly EvaluationSummary[],
): Pick<RunSnapshot, 'accuracy' | 'interval' | 'accuracyChange' | 'macroAccuracy'> {
  const last = evaluations.at(-1);
  const before = evaluations.at(-2);
  if (last === undefined) {
    return { accuracy: null, interval: null, accuracyChange: null, macroAccuracy: null };
  }
  const { correct, scoreInterval } = last.overall;
  const accuracy = accuracyOf(last.overall);
  const earlier = before === undefined ? null : accuracyOf(before.overall);
  return {
    accuracy,
    interval: scoreInterval ?? wilsonInterval(correct, measuredOf(last.overall)),
    accuracyChange: accuracy === null || earlier === null ? null : accuracy - earlier,
    macroAccuracy: macroAccuracyOf(last.strata),
  };
}

type Money = Pick<RunSnapshot, 'budget' | 'unknownCalls' | 'failedCalls' | 'inFlight' | 'oldestCallSeconds'>;

/** All zero before the run's account is opened. */
async function moneyOf(
  ledger: LedgerView | null,
  run: string,
): Promise<{ money: Money; teacher: Snapshot['teacher']; recentSamples: number }> {
  const name = { kind: 'run', name: run } as const;
  const account = (await ledger?.account(name).catch(() => null)) ?? null;
  if (ledger === null || account === null) {
    return {
      recentSamples: 0,
      money: { budget: null, unknownCalls: 0, failedCalls: 0, inFlight: 0, oldestCallSeconds: null },
      teacher: { bought: 0, shared: 0, inFlight: 0, unknown: 0, failed: 0, tokens: 0, usd: 0 },
    };
  }
  const { caps, committed } = account;
  const spend = await ledger.spendOf(run);
  const {
    states,
    inFlight,
    shared,
    bought,
    failed,
    recentSamples,
    oldestInFlightSince: since,
  } = await ledger.callCounts(name);
  const tokens = spend.inputTokens + spend.outputTokens;
  const money: Money = {
    budget: {
      samples: { spent: spend.samples, reserved: Math.max(0, committed.samples - spend.samples), cap: caps.samples },
      tokens: { spent: tokens, reserved: Math.max(0, committed.tokens - tokens), cap: caps.tokens },
      usd: {
        spent: spend.usd,
        reserved: Math.max(0, sumUsd([usdOf(committed.nanoUsd), -spend.usd])),
        cap: caps.nanoUsd === null ? null : usdOf(caps.nanoUsd),
      },
    },
    unknownCalls: states.unknown,
    failedCalls: failed,
    inFlight,
    oldestCallSeconds: since === null ? null : Math.max(0, (Date.now() - since) / 1000),
  };
  const paid = { bought: bought.calls, tokens: bought.inputTokens + bought.outputTokens, usd: usdOf(bought.nanoUsd) };
  return { money, teacher: { ...paid, shared, inFlight, unknown: states.unknown, failed }, recentSamples };
}
