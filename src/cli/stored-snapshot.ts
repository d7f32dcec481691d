import { notesOf } from '../activities/steering';
import { loadRun } from '../analysis/load';
import type { RunConfig } from '../core/config/schema';
import type { EvaluationSummary } from '../core/run-record';
import { accuracyOf, macroAccuracyOf } from '../core/statistics/accuracy';
import { wilsonInterval } from '../core/statistics/wilson';
import { type Steering, unsteered } from '../core/steering';
import type { Ledger } from '../store/ledger';
import type { Workspace } from '../store/workspace';
import type { RunSnapshot, Snapshot } from './snapshot';

export interface PlannedRun {
  readonly run: string;
  readonly config: RunConfig;
}

/** A run, and its part in what all runs together bought. */
export interface Seen {
  readonly snapshot: RunSnapshot;
  readonly teacher: Snapshot['teacher'];
}

/** What the workspace knows of a run: its record, its account, what was changed, and what it waited for. */
export async function storedSnapshot(
  { workspace, ledger }: { readonly workspace: Workspace; readonly ledger: Ledger },
  { run, config }: PlannedRun,
): Promise<Seen> {
  const record = await loadRun(workspace.root, run);
  const notes = await notesOf(workspace, run);
  const steering = notes.steering ?? unsteered;
  const iterations = record?.iterations ?? [];
  const evaluations = record === null ? [] : [record.baseEvaluation, ...iterations.map(({ evaluation }) => evaluation)];
  const rowsAccepted = iterations.reduce((sum, { accepted }) => sum + accepted, 0);
  const rowsPlanned = plannedRows(config, steering);
  const { money, teacher } = await moneyOf(ledger, run);
  const isOver = record !== null && record.state !== 'running';
  const snapshot: RunSnapshot = {
    run,
    state: record === null ? 'waiting' : record.state === 'running' ? 'resting' : record.state,
    step: '',
    stepSeconds: 0,
    iteration: iterations.length,
    iterationsDone: iterations.length,
    iterations: steering.iterations ?? config.iterations,
    progress: null,
    ratePerSecond: null,
    rowsAccepted,
    rowsPlanned,
    ...accuracies(evaluations),
    ...money,
    projectedUsd: projected(money.budget?.usd.spent ?? 0, rowsAccepted, rowsPlanned),
    secondsLeft: null,
    waitingFor: isOver ? null : waitingText(run, notes.waiting?.waitingFor ?? null, steering),
    waitingSince: isOver ? null : isoOrNull(notes.waiting?.sinceMs ?? steering.paused?.atMs),
    changes: changesOf(steering),
  };
  return { snapshot, teacher };
}

export const changesOf = ({ changes }: Steering) =>
  changes.map(({ who, atMs, what }) => ({ who, at: new Date(atMs).toISOString(), what }));

export const isoOrNull = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** At the price per row so far. */
export function projected(usd: number, rows: number, rowsPlanned: number): number | null {
  return usd === 0 || rows === 0 ? null : (usd / rows) * Math.max(rows, rowsPlanned);
}

function waitingText(run: string, noted: string | null, { paused }: Steering): string | null {
  return noted ?? (paused === null ? null : `paused by ${paused.who}; \`tutelage resume ${run}\` goes on`);
}

function accuracies(
  evaluations: readonly EvaluationSummary[],
): Pick<RunSnapshot, 'accuracy' | 'interval' | 'accuracyChange' | 'macroAccuracy'> {
  const last = evaluations.at(-1);
  const before = evaluations.at(-2);
  if (last === undefined) {
    return { accuracy: null, interval: null, accuracyChange: null, macroAccuracy: null };
  }
  const { correct, total } = last.overall;
  const accuracy = accuracyOf(last.overall);
  const earlier = before === undefined ? null : accuracyOf(before.overall);
  return {
    accuracy,
    interval: wilsonInterval(correct, total),
    accuracyChange: accuracy === null || earlier === null ? null : accuracy - earlier,
    macroAccuracy: macroAccuracyOf(last.strata),
  };
}

type Money = Pick<RunSnapshot, 'budget' | 'unknownCalls' | 'inFlight' | 'oldestCallSeconds'>;

/** A run whose account is not open yet has none of it. */
async function moneyOf(ledger: Ledger, run: string): Promise<{ money: Money; teacher: Snapshot['teacher'] }> {
  const name = { kind: 'run', name: run } as const;
  const account = await ledger.account(name).catch(() => null);
  if (account === null) {
    return {
      money: { budget: null, unknownCalls: 0, inFlight: 0, oldestCallSeconds: null },
      teacher: { bought: 0, shared: 0, inFlight: 0, unknown: 0, tokens: 0, usd: 0 },
    };
  }
  const { caps, committed } = account;
  const spend = await ledger.spendOf(run);
  const { states, inFlight, shared, bought, oldestInFlightSince: since } = await ledger.callCounts(name);
  const tokens = spend.inputTokens + spend.outputTokens;
  const usd = spend.priceMicroUsd / 1e6;
  const money: Money = {
    budget: {
      samples: { spent: spend.samples, held: Math.max(0, committed.samples - spend.samples), cap: caps.samples },
      tokens: { spent: tokens, held: Math.max(0, committed.tokens - tokens), cap: caps.tokens },
      usd: {
        spent: usd,
        held: Math.max(0, committed.nanoUsd / 1e9 - usd),
        cap: caps.nanoUsd === null ? null : caps.nanoUsd / 1e9,
      },
    },
    unknownCalls: states.unknown,
    inFlight,
    oldestCallSeconds: since === null ? null : Math.max(0, (Date.now() - since) / 1000),
  };
  const paid = { bought: bought.calls, tokens: bought.inputTokens + bought.outputTokens, usd: bought.nanoUsd / 1e9 };
  return { money, teacher: { ...paid, shared, inFlight, unknown: states.unknown } };
}

function plannedRows(config: RunConfig, steering: Steering): number {
  const planned = (steering.iterations ?? config.iterations) * config.samples_per_iteration;
  const cap = steering.samplesCap === undefined ? config.budget.samples : steering.samplesCap;
  return Math.min(planned, cap ?? planned);
}
