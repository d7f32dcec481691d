import { RECENT_MS } from '../store/ledger';
import type { RunSnapshot } from './snapshot';

const WINDOW_MS_MIN = 2000;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** What earlier snapshots saw of the runs under way: the pace of their steps, and their state when nobody answers. */
export class RunMemory {
  private readonly live = new Map<string, RunSnapshot>();
  private readonly samples = new Map<string, { readonly step: string; readonly samples: Sample[] }>();

  /** The run with the rate of its step over the last half minute; `null` until two seconds of it were seen. */
  see(run: RunSnapshot, nowMs = Date.now()): RunSnapshot {
    const seen = { ...run, ratePerSecond: this.rateOf(run, nowMs) };
    this.live.set(run.run, seen);
    return seen;
  }

  /**
   * A run whose server could not be asked: a busy machine does not mean that nobody works on it.
   * @param stored what the workspace and the ledger have of it, which needs no server
   */
  unanswered(stored: RunSnapshot): RunSnapshot {
    const last = this.live.get(stored.run);
    if (last === undefined) {
      return stored;
    }
    const { budget, unknownCalls, failedCalls, inFlight, oldestCallSeconds } = stored;
    return { ...last, budget, unknownCalls, failedCalls, inFlight, oldestCallSeconds, ratePerSecond: null };
  }

  private rateOf({ run, iteration, step, progress }: RunSnapshot, nowMs: number): number | null {
    if (progress === null) {
      this.samples.delete(run);
      return null;
    }
    const key = `${iteration} ${step} ${progress.unit}`;
    const before = this.samples.get(run);
    const samples = before?.step === key ? before.samples : [];
    samples.push({ atMs: nowMs, done: progress.done });
    // The newest sample that is at least as old as the window stays: it is where the window begins.
    while (samples[1] !== undefined && nowMs - samples[1].atMs >= RECENT_MS) {
      samples.shift();
    }
    this.samples.set(run, { step: key, samples });
    const first = samples[0] ?? { atMs: nowMs, done: progress.done };
    const elapsedMs = nowMs - first.atMs;
    return elapsedMs < WINDOW_MS_MIN ? null : Math.max(0, ((progress.done - first.done) * 1000) / elapsedMs);
  }
}
